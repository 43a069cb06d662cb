import Foundation

signal(SIGPIPE, SIG_IGN)
switch CommandLine.arguments.dropFirst().first {
case "recv", "send": try await OneSide.run(CommandLine.arguments)
case "goodput": exit(GoodputTable.run(Array(CommandLine.arguments.dropFirst(2))))
case "fairness": exit(FairnessTable.run(Array(CommandLine.arguments.dropFirst(2))))
default: exit(Comparison.run(Array(CommandLine.arguments.dropFirst())))
}
