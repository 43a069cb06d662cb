import Crypto

/// The keys of one direction and purpose, one after the other: each is derived from the one before, and which one is meant follows
/// from the number of the record or packet alone, so that a change of keys needs no message.
struct KeyLadder: Sendable {
    private var step: UInt64
    private var current: SymmetricKey
    private var previous: SymmetricKey?
    private let numbersPerKey: UInt64

    init(first: SymmetricKey, numbersPerKey: UInt64) {
        current = first
        step = 0
        self.numbersPerKey = numbersPerKey
    }

    /// The key for `number`; nil for one so old that its key is gone, or so far ahead that nobody can have got there.
    mutating func key(for number: UInt64) -> SymmetricKey? {
        let wanted = number / numbersPerKey
        if wanted == step { return current }
        if wanted == step &- 1 { return previous }
        return wanted == step + 1 ? Self.next(current) : nil
    }

    /// Takes the next key for good once `number` was really sealed or opened with it.
    mutating func advance(to number: UInt64) {
        guard number / numbersPerKey == step + 1 else { return }
        previous = current
        current = Self.next(current)
        step += 1
    }

    /// HKDF-Expand (RFC 5869 §2.3) of a key to its successor.
    private static func next(_ key: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.expand(pseudoRandomKey: key, info: Array("chatty-transfer next".utf8), outputByteCount: 32)
    }
}
