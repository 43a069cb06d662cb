/// How a relay's datagrams begin. The relay passes on what one leg of a transfer sends to the other leg, sealed as it is, behind nine bytes:
/// the type and the id of the leg, of the sender's own on the way to the relay and of the recipient's own on the way from it.
///
/// Over a stream (where UDP is blocked) the same datagrams follow one another, each behind its length as a number of two bytes.
public enum RelayDatagram {
    /// Bytes before those that are passed on.
    public static let headerSize = 9
    /// The longest datagram that is passed on, without the header, bytes: more than any path MTU of 1500 carries.
    public static let maximumPayload = 1500
    /// The longest datagram of a relay, bytes.
    public static let maximumSize = headerSize + maximumPayload

    static let dataType: UInt8 = 0x80 | 1 << 4 | 11
    static let controlType: UInt8 = 0x80 | 1 << 4 | 12

    /// Whether a datagram that begins so belongs to a relay.
    public static func isRelay(firstByte: UInt8) -> Bool { firstByte == dataType || firstByte == controlType }

    /// The nine bytes before what is passed on to or from a leg.
    public static func header(of leg: UInt64) -> [UInt8] {
        var bytes = [dataType]
        bytes.append(bigEndian: leg)
        return bytes
    }

    /// The leg that a datagram of at least ``headerSize`` bytes says it is from or for.
    public static func leg(of datagram: UnsafeRawBufferPointer) -> UInt64 { datagram.bigEndian(at: 1) }

    /// The leg that data says it is from or for; nil for everything else.
    static func dataLeg(_ datagram: UnsafeRawBufferPointer) -> UInt64? {
        guard datagram.count > headerSize, datagram.count <= maximumSize, datagram[0] == dataType else { return nil }
        return datagram.bigEndian(at: 1)
    }
}

/// A message between a leg and its relay: 64 bytes, whatever it is, so that an answer is never longer than what it answers.
///
/// | bytes | what |
/// |---|---|
/// | 1 | `0x9C` |
/// | 8 | id of the leg |
/// | 1 | kind |
/// | 4 | when the grant expires, seconds since 1970 |
/// | 8 | account that the relay is counted for |
/// | 8 | nonce: random in a bind; in all that follows it that of the bind |
/// | 16 | in a challenge and its answer the cookie; in a bound the rate (8, bytes a second) and 1 or 0 for whether the other leg is bound (1); in a refusal the reason (1); zeros after that |
/// | 2 | zeros |
/// | 16 | HMAC-SHA256 over all before it, under the key of the leg, truncated |
struct RelayControl: Equatable {
    enum Kind: UInt8 {
        /// From the leg: "here I am". Also what keeps it bound.
        case bind = 1
        /// To the address that a bind came from, which is to be proven.
        case challenge = 2
        /// From the leg: the cookie of the challenge.
        case answer = 3
        /// To the leg: what is sent to it comes to this address.
        case bound = 4
        /// To the leg: it is not relayed.
        case refused = 5
        /// From the leg, at the end.
        case release = 6
    }

    static let size = 64
    static let bodySize = 16

    var kind: Kind
    var leg: UInt64
    var expires: UInt32
    var account: UInt64
    var nonce: UInt64
    /// 16 bytes.
    var body = [UInt8](repeating: 0, count: bodySize)

    /// Reads a datagram whose authenticity is yet to be proven with ``isAuthentic(_:key:)``.
    init?(unproven datagram: UnsafeRawBufferPointer) {
        guard datagram.count == Self.size, datagram[0] == RelayDatagram.controlType, let kind = Kind(rawValue: datagram[9]) else {
            return nil
        }
        self.kind = kind
        leg = datagram.bigEndian(at: 1)
        expires = datagram.bigEndian(at: 10)
        account = datagram.bigEndian(at: 14)
        nonce = datagram.bigEndian(at: 22)
        body = Array(datagram[30..<30 + Self.bodySize])
    }

    init(_ kind: Kind, _ grant: RelayGrant, nonce: UInt64) {
        self.kind = kind
        leg = grant.leg
        expires = grant.expires
        account = grant.account
        self.nonce = nonce
    }

    static func isAuthentic(_ datagram: UnsafeRawBufferPointer, _ grant: RelayGrant) -> Bool {
        datagram.count == size && MessageCode.isValid(datagram.suffix(MessageCode.size), of: datagram.dropLast(MessageCode.size), grant.key)
    }

    func encoded(_ grant: RelayGrant) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size)
        bytes.append(RelayDatagram.controlType)
        bytes.append(bigEndian: leg)
        bytes.append(kind.rawValue)
        bytes.append(bigEndian: expires)
        bytes.append(bigEndian: account)
        bytes.append(bigEndian: nonce)
        bytes += body
        bytes += [0, 0]
        return bytes + MessageCode.of(bytes, grant.key)
    }

    /// The message that a relay answers with.
    func answer(_ kind: Kind, body: [UInt8] = []) -> Self {
        var answer = self
        answer.kind = kind
        answer.body = body + [UInt8](repeating: 0, count: Self.bodySize - body.count)
        return answer
    }
}

/// Why a relay refuses a leg.
public enum RelayRefusal: UInt8, Equatable, Sendable {
    /// As many transfers are relayed as the server allows.
    case full = 1
    /// As many are relayed for this account as the server allows.
    case accountLimit = 2
    /// The grant has expired.
    case expired = 3
}
