/// Why a Noise handshake message was rejected. A reader drops such a message and keeps its state: a forged datagram must not end a
/// handshake.
public enum NoiseError: Error, Equatable, Sendable {
    /// Shorter or longer than a message of this pattern can be.
    case malformed
    /// A tag did not verify: forged, damaged, made for another key, or (message 2) another pre-shared key.
    case authentication
    /// A public key of low order or of the wrong length, or a pre-shared key that is not 32 bytes.
    case badKey
}
