/// The first byte of every datagram: bit 7 set (STUN and others on the same port have it clear, RFC 7983), three bits of
/// version, four bits of type.
enum DatagramType: UInt8 {
    /// Noise message 1, to open a connection.
    case hello = 0
    /// Noise message 2.
    case reply = 1
    /// A cookie, to be repeated in a new hello.
    case cookie = 2
    /// A piece of a sealed record behind a header in the clear.
    case segment = 4
    /// Frames, sealed with the packet number as the nonce.
    case sealed = 5
    /// A request for the static key, and its answer.
    case keyRequest = 6
    case keyReply = 7
    /// The key, the secret or the invitation is unknown to the responder.
    case refusal = 8

    static let version: UInt8 = 1
    /// The first byte of a version negotiation, which lists versions in answer to an unknown one. Its version number is 0, the same in all
    /// versions.
    static let versionNegotiation: UInt8 = 0x80

    var firstByte: UInt8 { 0x80 | Self.version << 4 | rawValue }

    /// Type byte and connection id.
    static let commonHeader = 9
    /// Smallest datagram that may open a connection, bytes: limits what a forged source address receives to 3x.
    static let minimumHello = 1200
}

/// The meaning of the first byte of a datagram.
enum FirstByte: Equatable {
    case ours(DatagramType)
    case versionNegotiation
    /// A version of the protocol that we do not speak.
    case otherVersion(UInt8)
    /// A datagram of another protocol, or of a type that this version does not have.
    case foreign

    init(_ byte: UInt8) {
        guard byte & 0x80 != 0 else {
            self = .foreign
            return
        }
        let version = byte >> 4 & 7
        if version == 0 {
            self = byte == DatagramType.versionNegotiation ? .versionNegotiation : .foreign
        } else if version != DatagramType.version {
            self = .otherVersion(version)
        } else if let type = DatagramType(rawValue: byte & 0x0F) {
            self = .ours(type)
        } else {
            self = .foreign
        }
    }
}
