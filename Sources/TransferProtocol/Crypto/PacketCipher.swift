import CAEAD
import Crypto

/// AES-256-GCM of one direction and purpose, in place, with the packet or record number as the nonce.
///
/// The nonce is four zero bytes and the number, big-endian. Records and control packets have different keys, so their numbers may be equal.
/// This is the only type that uses the cryptographic library for them.
struct PacketCipher {
    static let tagSize = 16
    private var keys: KeyLadder

    init(key: SymmetricKey, numbersPerKey: UInt64) { keys = KeyLadder(first: key, numbersPerKey: numbersPerKey) }

    private static func withNonce<Result>(_ number: UInt64, _ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        var nonce = (UInt32(0), number.bigEndian.low, number.bigEndian.high)
        return withUnsafeBytes(of: &nonce) { body($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    }

    /// Seals the first `count` bytes of `memory` in place and appends the tag. A number must be sealed only once.
    /// - Returns: false if the library refused, or the memory has no room for the tag.
    mutating func seal(
        _ memory: UnsafeMutableRawBufferPointer, count: Int, number: UInt64,
        authenticating header: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Bool {
        guard count >= 0, memory.count >= count + Self.tagSize, let base = memory.baseAddress, let key = keys.key(for: number) else {
            return false
        }
        let sealed = Self.withNonce(number) { nonce in
            caead_seal(
                key.context, base.assumingMemoryBound(to: UInt8.self), count, nonce,
                header.baseAddress?.assumingMemoryBound(to: UInt8.self), header.count)
        }
        guard sealed == 1 else { return false }
        keys.advance(to: number)
        return true
    }

    /// Opens `sealed` (ciphertext and tag) into `output`, which may be the same memory.
    /// - Returns: the count of plaintext bytes, or nil if the tag does not verify for this number and header.
    mutating func open(
        _ sealed: UnsafeRawBufferPointer, number: UInt64,
        authenticating header: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let count = sealed.count - Self.tagSize
        guard count >= 0, output.count >= count, let from = sealed.baseAddress, let to = output.baseAddress, let key = keys.key(for: number)
        else { return nil }
        let opened = Self.withNonce(number) { nonce in
            caead_open(
                key.context, to.assumingMemoryBound(to: UInt8.self), from.assumingMemoryBound(to: UInt8.self), sealed.count, nonce,
                header.baseAddress?.assumingMemoryBound(to: UInt8.self), header.count)
        }
        guard opened == 1 else { return nil }
        keys.advance(to: number)
        return count
    }
}

extension UInt64 {
    /// The half that is first in memory.
    fileprivate var low: UInt32 { UInt32(truncatingIfNeeded: self) }
    fileprivate var high: UInt32 { UInt32(truncatingIfNeeded: self >> 32) }
}
