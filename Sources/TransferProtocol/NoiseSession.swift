import Crypto
import FoundationEssentials

/// The result of a finished handshake: one key for each direction and the hash of the whole handshake.
public struct NoiseSession: Sendable {
    public let sendKey: SymmetricKey
    public let receiveKey: SymmetricKey
    /// The handshake hash, 32 bytes that both sides share and no man in the middle can make equal: the channel binding of Noise §11.2.
    public let handshakeHash: [UInt8]
    /// The other side's long-term public key, proven by the handshake.
    public let remoteStatic: [UInt8]

    /// A key for one purpose, derived from `sendKey` (HKDF-Expand, RFC 5869 §2.3), so that records and control packets never share one.
    public func sendKey(for label: String) -> SymmetricKey { Self.expand(sendKey, label) }

    /// The other side's `sendKey(for: label)`.
    public func receiveKey(for label: String) -> SymmetricKey { Self.expand(receiveKey, label) }

    private static func expand(_ key: SymmetricKey, _ label: String) -> SymmetricKey {
        HKDF<SHA256>.expand(pseudoRandomKey: key, info: Array(label.utf8), outputByteCount: 32)
    }
}
