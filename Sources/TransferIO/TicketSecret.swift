import Glibc
import TransferProtocol

/// The secret of the tickets for one UDP port, stored in the data folder, so that a restarted receiver accepts the tickets it has given
/// out. Only the owner can read the file. Held by `TicketSecretTests`.
///
/// Whoever had such a ticket can send again: ``renew(path:)`` ends that.
public enum TicketSecret {
    /// The length of a secret, bytes.
    public static let length = 16
    private static let header = "chatty ticket secret 1"

    public static func random() -> [UInt8] { (0..<length).map { _ in UInt8.random(in: .min ... .max) } }

    /// The file for a port, in the data folder.
    public static func path(folder: ByteString, port: UInt16) -> ByteString { folder + ByteString("/ticket-\(port)") }

    /// Reads the secret, or generates it if the file does not exist. Processes that start at the same time get the same secret.
    public static func load(path: ByteString) throws -> [UInt8] {
        let text = try PrivateFile.load(path, .system) { "\(header)\n\(Hex.encode(random()))\n" }
        guard let secret = parse(text) else { throw IdentityError.damaged(path.description) }
        return secret
    }

    /// Replaces the secret by a new one.
    public static func renew(path: ByteString) throws -> [UInt8] {
        let secret = random()
        try PrivateFile.replace("\(header)\n\(Hex.encode(secret))\n", at: path)
        return secret
    }

    private static func parse(_ text: String) -> [UInt8]? {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        guard lines.count == 2, lines[0].elementsEqual(header.utf8), let bytes = Hex.decode(Substring(lines[1])), bytes.count == length
        else {
            return nil
        }
        return bytes
    }
}
