import Crypto
import Foundation

/// The number that the two users of a transfer compare over another channel, to exclude that the chat server has put somebody between them.
///
/// It is derived from both sides' static keys, which Noise authenticates: a man in the middle has other keys. 40 decimal digits are 132
/// bits and a guess costs ``rounds`` hashes, so nobody finds two pairs of keys with the same number. As in Signal's safety numbers (numeric
/// fingerprint, version 2), each five digits are five bytes of the hash modulo 100,000.
enum VerificationNumber {
    private static let groups = 8
    private static let rounds = 5200
    private static let label = Data("chatty transfer verification 1".utf8)

    /// - Parameters:
    ///   - one, other: the X25519 keys, 32 bytes each, in any order.
    /// - Returns: eight groups of five digits.
    static func of(_ one: Data, _ other: Data) -> String {
        let keys = one.lexicographicallyPrecedes(other) ? one + other : other + one
        var hash = Data(SHA512.hash(data: label + keys))
        for _ in 1..<rounds { hash = Data(SHA512.hash(data: hash + keys)) }
        let bytes = Array(hash)
        return (0..<groups).map { group in
            let number = bytes[group * 5..<group * 5 + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000
            let digits = String(number)
            return String(repeating: "0", count: 5 - digits.count) + digits
        }.joined(separator: " ")
    }
}
