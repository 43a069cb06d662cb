import CAEAD
import Crypto

/// A key of AES-256-GCM, set up once for all that is sealed or opened with it.
final class SealingKey {
    let context: OpaquePointer

    /// - Returns: nil where memory is short.
    init?(_ key: SymmetricKey) {
        let made = key.withUnsafeBytes { caead_make($0.bindMemory(to: UInt8.self).baseAddress) }
        guard let made else { return nil }
        context = made
    }

    deinit { caead_free(context) }
}

/// The keys of one direction and purpose, one after the other: each is derived from the one before, and which one is meant follows
/// from the number of the record or packet alone, so that a change of keys needs no message.
struct KeyLadder {
    private var step: UInt64 = 0
    private var secret: SymmetricKey
    private var current: SealingKey?
    private var previous: SealingKey?
    private let shift: UInt64

    /// - Parameter numbersPerKey: a power of two.
    init(first: SymmetricKey, numbersPerKey: UInt64) {
        secret = first
        current = SealingKey(first)
        shift = UInt64(numbersPerKey.trailingZeroBitCount)
    }

    /// The key for `number`; nil for one so old that its key is gone, or so far ahead that nobody can have got there.
    func key(for number: UInt64) -> SealingKey? {
        let wanted = number >> shift
        if wanted == step { return current }
        if wanted &+ 1 == step { return previous }
        return wanted == step + 1 ? SealingKey(Self.next(secret)) : nil
    }

    /// Takes the next key for good once `number` was really sealed or opened with it.
    mutating func advance(to number: UInt64) {
        guard number >> shift == step + 1 else { return }
        previous = current
        secret = Self.next(secret)
        current = SealingKey(secret)
        step += 1
    }

    /// HKDF-Expand (RFC 5869 §2.3) of a key to its successor.
    private static func next(_ key: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.expand(pseudoRandomKey: key, info: Array("chatty-transfer next".utf8), outputByteCount: 32)
    }
}
