import Foundation

signal(SIGPIPE, SIG_IGN)
switch CommandLine.arguments.dropFirst().first {
case "recv", "send": try await OneSide.run(CommandLine.arguments)
default: exit(Comparison.run(Array(CommandLine.arguments.dropFirst())))
}
