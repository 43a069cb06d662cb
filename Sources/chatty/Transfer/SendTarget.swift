import NetworkIO
import TransferIO
import TransferProtocol

/// The files that `send-file` sends and their destination: decides which arguments are files, and where the ticket comes from.
///
/// Everybody on the machine can read a ticket on the command line (`/proc/PID/cmdline`), so it can also come from `--ticket-file` or
/// `$CHATTY_TICKET`. Then every argument is a file, except that a last argument which is plainly a DESTINATION overrides the environment.
/// Held by `SendTargetTests`.
struct SendTarget {
    /// The destination: the receiver of a ticket, or a plain address, whose receiver is recognised by its key.
    enum Destination: Equatable {
        case ticket(Ticket)
        case plain(HostPort)
    }

    let files: [ByteString]
    let destination: Destination

    /// - Parameters:
    ///   - exists: returns whether there is a file with that path.
    ///   - readTicket: reads the file of `--ticket-file`.
    /// - Throws: `UsageError`, or the error of reading the ticket file.
    init(
        _ arguments: Arguments, environment: ProcessEnvironment, exists: (ByteString) -> Bool,
        readTicket: (ByteString) throws -> Ticket = { try TicketFile.read(path: $0) }
    ) throws {
        let files = arguments[SendFileFlags.files]
        let last = arguments[SendFileFlags.destination]
        let isFile = last.map(exists) ?? false
        if let path = arguments[SendFileFlags.ticketFile] {
            if let last, !isFile, Self.isDestination(last) {
                throw Self.error("The receiver is given twice: with --ticket-file and as DESTINATION.")
            }
            self.files = files + [last].compactMap(\.self)
            guard path != "-" || self.files.allSatisfy({ $0 != "-" }) else {
                throw Self.error("Standard input cannot be both the ticket and a file.")
            }
            do {
                destination = .ticket(try readTicket(path))
            } catch let error as TicketError {
                throw Self.error("--ticket-file \(Printable.text(path.description)): \(error)")
            }
            return
        }
        if let text = environment["CHATTY_TICKET"], !text.isEmpty, last.map({ isFile || !Self.isMeantAsDestination($0) }) ?? true {
            self.files = files + [last].compactMap(\.self)
            do {
                destination = .ticket(try Ticket(text.description))
            } catch {
                throw Self.error("$CHATTY_TICKET: \(error)")
            }
            return
        }
        guard let last else { throw Self.error("DESTINATION is missing.") }
        self.files = files
        let text = last.text ?? ""
        if Ticket.looksLikeTicket(text) {
            do { destination = .ticket(try Ticket(text)) } catch { throw Self.error("\(error)") }
        } else if let peer = HostPort(text) {
            destination = .plain(peer)
        } else {
            throw Self.error("DESTINATION needs a ticket or HOST:PORT, not \(Printable.text(last.description))")
        }
    }

    private static func isDestination(_ word: ByteString) -> Bool {
        word.text.map { Ticket.looksLikeTicket($0) || HostPort($0) != nil } ?? false
    }

    /// Whether a word is meant as a destination, even an invalid one. A word with a colon that is no file must not be sent to another
    /// destination.
    private static func isMeantAsDestination(_ word: ByteString) -> Bool { isDestination(word) || word.bytes.contains(UInt8(ascii: ":")) }

    private static func error(_ message: String) -> UsageError { UsageError(message, command: SendFileFlags.spec.name) }
}
