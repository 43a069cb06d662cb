import Crypto
import FoundationEssentials

/// An X25519 key pair, RFC 7748. The same type serves the long-term identity and the ephemeral key of one handshake.
public struct NoiseKeyPair: Sendable {
    let privateKey: Curve25519.KeyAgreement.PrivateKey
    /// 32 bytes, little-endian u-coordinate.
    public let publicKey: [UInt8]

    /// A fresh pair from the system's random source.
    public init() {
        self.init(Curve25519.KeyAgreement.PrivateKey())
    }

    /// The pair of a 32-byte private key. Simulators use it to make a run repeat by its seed.
    public init(privateBytes: some Sequence<UInt8>) throws(NoiseError) {
        let bytes = Array(privateBytes)
        guard bytes.count == 32, let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes) else { throw .badKey }
        self.init(key)
    }

    private init(_ key: Curve25519.KeyAgreement.PrivateKey) {
        privateKey = key
        publicKey = Array(key.publicKey.rawRepresentation)
    }

    /// The 32 private bytes, for the file that stores a long-term identity; there is no other use for them.
    public var privateBytes: [UInt8] { Array(privateKey.rawRepresentation) }

    /// `DH(self, remote)` of Noise §12.1. Throws `badKey` for a point of low order (an all-zero result), as RFC 7748 §6.1 allows.
    func agree(with remote: [UInt8]) throws(NoiseError) -> SharedSecret {
        guard remote.count == 32,
            let point = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: remote),
            let secret = try? privateKey.sharedSecretFromKeyAgreement(with: point),
            // The library returns the all-zero result of a low-order point as if it were a secret.
            secret.withUnsafeBytes({ $0.reduce(0, |) }) != 0
        else { throw .badKey }
        return secret
    }
}
