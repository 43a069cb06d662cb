import Crypto

/// A short form of a public key, for people to compare.
public enum KeyFingerprint {
    /// The first 16 bytes of the SHA-256 of the key, as eight groups of four hexadecimal digits.
    public static func text(of key: [UInt8]) -> String {
        let digits = Array(Hex.encode(SHA256.hash(data: key).prefix(16)))
        return stride(from: 0, to: digits.count, by: 4).map { String(digits[$0..<$0 + 4]) }.joined(separator: "-")
    }
}
