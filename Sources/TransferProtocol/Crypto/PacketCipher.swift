import Crypto
import FoundationEssentials

/// AES-256-GCM of one direction and purpose, in place, with the number of what is sealed as the nonce.
///
/// The nonce is four zero bytes and the number, big-endian. Records and control packets have different keys, so their numbers
/// may be equal. The only type that knows which library does the work.
struct PacketCipher: Sendable {
    static let tagSize = 16
    private var keys: KeyLadder

    init(key: SymmetricKey, numbersPerKey: UInt64) { keys = KeyLadder(first: key, numbersPerKey: numbersPerKey) }

    private static func nonce(_ number: UInt64) -> AES.GCM.Nonce? {
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { bytes in
            bytes.storeBytes(of: 0, toByteOffset: 0, as: UInt32.self)
            bytes.storeBytes(of: number.bigEndian, toByteOffset: 4, as: UInt64.self)
            return try? AES.GCM.Nonce(data: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Seals the first `count` bytes of `memory` where they are and puts the tag behind them. A number is sealed once only.
    /// - Returns: false if the library refused, or the memory has no room for the tag.
    mutating func seal(
        _ memory: UnsafeMutableRawBufferPointer, count: Int, number: UInt64,
        authenticating header: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Bool {
        guard memory.count >= count + Self.tagSize, let key = keys.key(for: number), let nonce = Self.nonce(number),
            let box = try? AES.GCM.seal(
                UnsafeRawBufferPointer(rebasing: memory[..<count]), using: key, nonce: nonce, authenticating: header)
        else { return false }
        keys.advance(to: number)
        box.ciphertext.withUnsafeBytes { memory.copyMemory(from: $0) }
        box.tag.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: $0) }
        return true
    }

    /// Opens `sealed` (ciphertext and tag) into `output`, which may be the same memory.
    /// - Returns: the count of plaintext bytes, or nil if it was not sealed by the peer under this number and header.
    mutating func open(
        _ sealed: UnsafeRawBufferPointer, number: UInt64,
        authenticating header: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let count = sealed.count - Self.tagSize
        guard count >= 0, output.count >= count, let key = keys.key(for: number), let nonce = Self.nonce(number),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: UnsafeRawBufferPointer(rebasing: sealed[..<count]),
                tag: UnsafeRawBufferPointer(rebasing: sealed[count...])),
            let plain = try? AES.GCM.open(box, using: key, authenticating: header)
        else { return nil }
        keys.advance(to: number)
        plain.withUnsafeBytes { output.copyMemory(from: $0) }
        return count
    }
}
