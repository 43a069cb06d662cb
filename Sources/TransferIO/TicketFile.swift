import Glibc
import SystemSupport
import TransferProtocol

/// A ticket that is kept where others of this machine cannot read it, as they can a command line.
public enum TicketFile {
    /// Many times the longest, wrapped as it may be.
    private static let maximumBytes = 4096

    /// - Parameter path: `-` for standard input, which is read to its end.
    public static func read(path: some SystemPath) throws -> Ticket {
        guard path.pathBytes == "-" else { return try Ticket(OpenFile(path: path, flags: O_RDONLY | O_NOCTTY).text(limit: maximumBytes)) }
        let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError("read standard input") }
        return try Ticket(OpenFile(taking: copy, label: "standard input").text(limit: maximumBytes))
    }
}
