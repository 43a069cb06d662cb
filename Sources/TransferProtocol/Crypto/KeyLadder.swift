import CAEAD
import Crypto

/// An AES-256-GCM key, set up once for everything that is sealed or opened with it.
final class SealingKey {
    let context: OpaquePointer

    /// - Returns: nil if memory is exhausted.
    init?(_ key: SymmetricKey) {
        let made = key.withUnsafeBytes { caead_make($0.bindMemory(to: UInt8.self).baseAddress) }
        guard let made else { return nil }
        context = made
    }

    deinit { caead_free(context) }
}

/// The keys of one direction and purpose, each derived from the one before. The number of a record or packet alone determines its key, so
/// that a key update needs no message.
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

    /// The key for `number`; nil if that key is already deleted, or more than one step ahead.
    func key(for number: UInt64) -> SealingKey? {
        let wanted = number >> shift
        if wanted == step { return current }
        if wanted &+ 1 == step { return previous }
        return wanted == step + 1 ? SealingKey(Self.next(secret)) : nil
    }

    /// Moves to the next key once `number` was sealed or opened with it.
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
