import Crypto

/// The two sides of a search for a path.
public enum SearchRole: Sendable {
    /// The side that decides, and that opens the connection on the path which it has chosen.
    case offering
    case answering
}

/// What the datagrams of one search are authenticated with: a key for each direction, so that a datagram that is sent back to its sender is
/// not taken for its peer's, and the id by which a socket with several searches tells them apart.
///
/// All are HKDF-SHA256 (RFC 5869) of the transfer's secret with a label of their own: they tell nothing about it or about each other.
public struct SearchKeys: Sendable {
    public let searchID: UInt64
    let own: SymmetricKey
    let peer: SymmetricKey

    /// - Parameter secret: of the transfer, 32 random bytes that only the two sides know.
    public init(secret: [UInt8], role: SearchRole) {
        let input = SymmetricKey(data: secret)
        let offering = Self.derive("chatty search offering", 32, from: input)
        let answering = Self.derive("chatty search answering", 32, from: input)
        (own, peer) = role == .offering ? (offering, answering) : (answering, offering)
        searchID = Self.derive("chatty search id", 8, from: input).withUnsafeBytes { $0.bigEndian(at: 0) }
    }

    private static func derive(_ label: String, _ count: Int, from input: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: input, info: Array(label.utf8), outputByteCount: count)
    }
}
