import Crypto
import FoundationEssentials

/// AES-256-GCM as Noise §12.3 uses it: the nonce is four zero bytes and the number, big-endian.
public struct NoiseCipher: Sendable {
    public static let tagLength = 16
    let key: SymmetricKey

    public init(key: SymmetricKey) {
        self.key = key
    }

    /// The ciphertext followed by its 16-byte tag. A nonce must never be used twice with one key.
    public func seal(_ plaintext: some DataProtocol, nonce: UInt64, authenticating header: some DataProtocol) throws(NoiseError) -> [UInt8]
    {
        guard let box = try? AES.GCM.seal(plaintext, using: key, nonce: Self.nonce(nonce), authenticating: header) else {
            throw .malformed
        }
        return Array(box.ciphertext) + Array(box.tag)
    }

    /// The plaintext. Throws `malformed` if `sealed` is shorter than a tag, `authentication` if the tag does not verify.
    public func open(_ sealed: some DataProtocol, nonce: UInt64, authenticating header: some DataProtocol) throws(NoiseError) -> [UInt8] {
        guard sealed.count >= Self.tagLength else { throw .malformed }
        guard
            let box = try? AES.GCM.SealedBox(
                nonce: Self.nonce(nonce), ciphertext: sealed.dropLast(Self.tagLength), tag: sealed.suffix(Self.tagLength)),
            let plaintext = try? AES.GCM.open(box, using: key, authenticating: header)
        else { throw .authentication }
        return Array(plaintext)
    }

    private static func nonce(_ number: UInt64) throws -> AES.GCM.Nonce {
        var bytes = [UInt8](repeating: 0, count: 12)
        for index in 0..<8 { bytes[4 + index] = UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64(index))) }
        return try AES.GCM.Nonce(data: bytes)
    }
}
