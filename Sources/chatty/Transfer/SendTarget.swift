import Connectivity
import NetworkIO
import TransferIO
import TransferProtocol

/// The files that `send-file` sends and their destination: decides which arguments are files, and where the ticket or code comes from.
///
/// Everybody on the machine can read a ticket on the command line (`/proc/PID/cmdline`), so it can also come from `--ticket-file` or
/// `$CHATTY_TICKET`. Then every argument is a file, except that a last argument which is plainly a DESTINATION overrides the environment.
/// Held by `SendTargetTests`.
struct SendTarget {
    /// The destination: the receiver of a ticket, a plain address, whose receiver is recognised by its key, or the receiver who shows a code.
    enum Destination: Equatable {
        case ticket(Ticket)
        case plain(HostPort)
        case code(MeetingCode)
        /// Whoever types the code that is shown.
        case anybody
    }

    let files: [ByteString]
    let destination: Destination

    /// - Parameters:
    ///   - exists: returns whether there is a file with that path.
    ///   - readTicket: reads the file of `--ticket-file`.
    /// - Throws: `UsageError`, or the error of reading the ticket file.
    init(
        _ arguments: Arguments, environment: ProcessEnvironment, exists: (ByteString) -> Bool,
        readTicket: (ByteString) throws -> String = { try TicketFile.read(path: $0) }
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
            destination = try Self.ticketOrCode(try readTicket(path), "--ticket-file \(Printable.text(path.description)): ")
            return
        }
        if let text = environment["CHATTY_TICKET"], last.map({ isFile || !Self.isMeantAsDestination($0) }) ?? true {
            self.files = files + [last].compactMap(\.self)
            // A script that has lost its ticket must not wait for somebody to type a code.
            destination = try Self.ticketOrCode(text.description, "$CHATTY_TICKET: ")
            return
        }
        let text = last?.text ?? ""
        if Ticket.looksLikeTicket(text) {
            self.files = files
            do { destination = .ticket(try Ticket(text)) } catch { throw Self.error("\(error)") }
        } else if let peer = HostPort(text) {
            self.files = files
            destination = .plain(peer)
        } else if MeetingCode.looksLikeCode(text), !isFile {
            self.files = files
            do { destination = .code(try MeetingCode(text)) } catch { throw Self.error("\(error)") }
        } else {
            if let last, last != "-", !isFile {
                throw Self.error("DESTINATION needs a ticket, a code or HOST:PORT, not \(Printable.text(last.description))")
            }
            if last == nil, files.count == 1, Self.isDestination(files[0]), !exists(files[0]) { throw Self.error("FILE is missing.") }
            self.files = files + [last].compactMap(\.self)
            destination = .anybody
        }
    }

    private static func ticketOrCode(_ text: String, _ source: String) throws -> Destination {
        do {
            return MeetingCode.looksLikeCode(text) ? .code(try MeetingCode(text)) : .ticket(try Ticket(text))
        } catch {
            throw Self.error("\(source)\(error)")
        }
    }

    private static func isDestination(_ word: ByteString) -> Bool {
        word.text.map { Ticket.looksLikeTicket($0) || HostPort($0) != nil || MeetingCode.looksLikeCode($0) } ?? false
    }

    /// Whether a word is meant as a destination, even an invalid one. A word with a colon that is no file must not be sent to another
    /// destination.
    private static func isMeantAsDestination(_ word: ByteString) -> Bool { isDestination(word) || word.bytes.contains(UInt8(ascii: ":")) }

    private static func error(_ message: String) -> UsageError { UsageError(message, command: SendFileFlags.spec.name) }
}
