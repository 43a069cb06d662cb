/// The first byte of every datagram: bit 7 set (STUN and others on the same port have it clear, RFC 7983), three bits of
/// version, four bits of type.
enum DatagramType: UInt8 {
    /// Noise message 1, to open a connection.
    case hello = 0
    /// Noise message 2.
    case reply = 1
    /// "Say hello again with this cookie."
    case cookie = 2
    /// Part of a sealed record in the clear.
    case segment = 4
    /// Frames, sealed with the packet number as the nonce.
    case sealed = 5
    /// "What is your static key?", and its answer.
    case keyRequest = 6
    case keyReply = 7
    /// "I do not know that key or secret."
    case refusal = 8

    static let version: UInt8 = 1
    /// A list of versions in answer to an unknown one; the same in all versions (its own version number is 0).
    static let versionNegotiation: UInt8 = 0x80

    var firstByte: UInt8 { 0x80 | Self.version << 4 | rawValue }

    /// Type byte and connection id.
    static let commonHeader = 9
    /// Smallest datagram that may open a connection, bytes: keeps a forged source from getting more than 3x back.
    static let minimumHello = 1200
}

/// What the first byte of a datagram says.
enum FirstByte: Equatable {
    case ours(DatagramType)
    case versionNegotiation
    /// A version of the protocol that we do not speak.
    case otherVersion(UInt8)
    /// Not of this protocol, or a type that this version does not have.
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
