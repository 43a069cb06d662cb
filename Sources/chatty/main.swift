import Foundation
import TransferProtocol

StandardStreams.fillGaps()
// A closed pipe is an error of the write, not a signal: `chatty users | head -1` ends quietly.
signal(SIGPIPE, SIG_IGN)
// libdispatch writes to the system's log where a user may not raise the priority of a thread, which nobody can change.
setenv("LIBDISPATCH_LOG", "NO", 0)
// The arguments as bytes: `CommandLine.arguments` replaces what is not UTF-8.
let words = (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0].map { ByteString(cString: $0) } }
exit(await CommandLineTool.run(Array(words.dropFirst())).rawValue)
