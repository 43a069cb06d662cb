import Foundation

StandardStreams.fillGaps()
// A reader that went away is an error of the write, not a signal: `chatty users | head -1` ends quietly.
signal(SIGPIPE, SIG_IGN)
exit(await CommandLineTool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
