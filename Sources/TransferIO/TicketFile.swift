import Glibc
import SystemSupport
import TransferProtocol

/// A ticket or code in a file, which other users of this machine cannot read, unlike a command line.
public enum TicketFile {
    /// Many times the longest ticket, which may be wrapped.
    private static let maximumBytes = 4096

    /// Reads the text of a ticket or code.
    /// - Parameter path: the file; `-` reads standard input to its end.
    public static func read(path: some SystemPath) throws -> String {
        guard path.pathBytes == "-" else { return try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY).text(limit: maximumBytes) }
        let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError("read standard input") }
        return try OpenFile(taking: copy, label: "standard input").text(limit: maximumBytes)
    }
}
