import Connectivity
import Crypto
import FoundationEssentials

/// A receiver's key, a secret and the receiver's addresses, as one text. Whoever has the ticket can send, nobody else can.
///
/// The text is `chatty1` and the Base32 of: version (1 byte), secret (16), X25519 public key (32), number of addresses (1), each address
/// (family 4 or 6, IP, port), and as a checksum the first four bytes of the SHA-256 of all that. Held by `TicketTests`.
public struct Ticket: Hashable, Sendable {
    public static let prefix = "chatty1"
    public static let maximumAddresses = 16
    private static let version: UInt8 = 1
    private static let checkLength = 4

    /// The receiver's static X25519 key, 32 bytes.
    public let receiverKey: [UInt8]
    /// 16 random bytes.
    public let secret: [UInt8]
    /// The receiver's addresses, best first. Scopes of link-local addresses mean nothing on another host and are not encoded.
    public let addresses: [NetworkAddress]

    /// Nil if the key is not 32 bytes, the secret is not 16, or there are no addresses. Addresses beyond the 16th are dropped.
    public init?(receiverKey: [UInt8], secret: [UInt8], addresses: [NetworkAddress]) {
        guard receiverKey.count == 32, secret.count == 16, !addresses.isEmpty else { return nil }
        self.receiverKey = receiverKey
        self.secret = secret
        self.addresses = addresses.prefix(Self.maximumAddresses).map { NetworkAddress(high: $0.high, low: $0.low, port: $0.port) }
    }

    /// Whether a DESTINATION is meant as a ticket, whole or damaged, rather than as `HOST:PORT`.
    public static func looksLikeTicket(_ text: some StringProtocol) -> Bool {
        let text = packed(text)
        return text.utf8.count > 20 && hasPrefix(text) && !text.utf8.contains(UInt8(ascii: ":")) && !text.utf8.contains(UInt8(ascii: "."))
    }

    /// Parses the text form. White space in it (a wrapped line) and upper case are accepted.
    public init(_ text: some StringProtocol) throws(TicketError) {
        let text = Self.packed(text)
        guard Self.hasPrefix(text) else { throw .notATicket }
        let coded = Substring(text.utf8.dropFirst(Self.prefix.utf8.count))
        guard let bytes = Base32.decode(coded), bytes.count > Self.checkLength else { throw .damaged }
        let body = bytes.dropLast(Self.checkLength)
        guard Self.check(body) == Array(bytes.suffix(Self.checkLength)) else { throw .damaged }
        guard body[0] == Self.version else { throw .unknownVersion(body[0]) }
        var reader = body.dropFirst()
        func read(_ count: Int) throws(TicketError) -> ArraySlice<UInt8> {
            guard reader.count >= count else { throw .damaged }
            defer { reader = reader.dropFirst(count) }
            return reader.prefix(count)
        }
        let secret = Array(try read(16))
        let key = Array(try read(32))
        var addresses: [NetworkAddress] = []
        for _ in 0..<(try read(1).first ?? 0) {
            switch try read(1).first {
            case 4: addresses.append(NetworkAddress(ipv4: UInt32(Self.number(try read(4))), port: UInt16(Self.number(try read(2)))))
            case 6:
                let high = Self.number(try read(8))
                let low = Self.number(try read(8))
                addresses.append(NetworkAddress(high: high, low: low, port: UInt16(Self.number(try read(2)))))
            default: throw .damaged
            }
        }
        guard reader.isEmpty, let ticket = Ticket(receiverKey: key, secret: secret, addresses: addresses),
            ticket.addresses.count == addresses.count
        else { throw .damaged }
        self = ticket
    }

    /// The text form.
    public var text: String {
        var body: [UInt8] = [Self.version]
        body += secret
        body += receiverKey
        body.append(UInt8(addresses.count))
        for address in addresses {
            if let ip = address.ipv4 {
                body.append(4)
                body += Self.bytes(UInt64(ip), 4)
            } else {
                body.append(6)
                body += Self.bytes(address.high, 8) + Self.bytes(address.low, 8)
            }
            body += Self.bytes(UInt64(address.port), 2)
        }
        return Self.prefix + Base32.encode(body + Self.check(body))
    }

    /// The 32-byte pre-shared key of the handshake, which both sides derive from the secret.
    public var preSharedKey: [UInt8] {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("chatty ticket".utf8), outputByteCount: 32)
        return key.withUnsafeBytes { Array($0) }
    }

    /// Compares ASCII letters without regard to case.
    private static func hasPrefix(_ text: some StringProtocol) -> Bool {
        text.utf8.prefix(prefix.utf8.count).map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            .elementsEqual(prefix.utf8)
    }

    private static func packed(_ text: some StringProtocol) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isWhitespace && $0.properties.generalCategory != .format })
        )
    }

    static func check(_ bytes: some DataProtocol) -> [UInt8] { Array(SHA256.hash(data: bytes).prefix(checkLength)) }

    private static func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (count - 1 - $0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// Why a text is not a ticket.
public enum TicketError: Error, Hashable, Sendable, CustomStringConvertible {
    case notATicket
    /// A character was lost or changed on the way.
    case damaged
    case unknownVersion(UInt8)

    public var description: String {
        switch self {
        case .notATicket: "This is not a ticket."
        case .damaged: "The ticket is damaged: a character is missing or wrong. Copy it again."
        case .unknownVersion(let version):
            "The ticket has version \(version), which this chatty does not support. Use the same version of chatty on both sides."
        }
    }
}
