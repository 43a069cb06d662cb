import Foundation

signal(SIGPIPE, SIG_IGN)
exit(await ChatComparison.run(Array(CommandLine.arguments.dropFirst())))
