/// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed 64-bit hash of short input, used to check a segment's header. Held to the authors'
/// test vectors by `WireTests`.
struct SipHash: Sendable {
    let k0: UInt64
    let k1: UInt64

    /// The key as 16 bytes, little-endian as in the paper.
    init(key: [UInt8]) {
        func word(_ at: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(key[at + $1]) << UInt64(8 * $1) } }
        k0 = word(0)
        k1 = word(8)
    }

    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var v0 = k0 ^ 0x736f_6d65_7073_6575
        var v1 = k1 ^ 0x646f_7261_6e64_6f6d
        var v2 = k0 ^ 0x6c79_6765_6e65_7261
        var v3 = k1 ^ 0x7465_6462_7974_6573
        @inline(__always) func round() {
            v0 = v0 &+ v1
            v2 = v2 &+ v3
            v1 = (v1 &<< 13 | v1 &>> 51) ^ v0
            v3 = (v3 &<< 16 | v3 &>> 48) ^ v2
            v0 = v0 &<< 32 | v0 &>> 32
            v2 = v2 &+ v1
            v0 = v0 &+ v3
            v1 = (v1 &<< 17 | v1 &>> 47) ^ v2
            v3 = (v3 &<< 21 | v3 &>> 43) ^ v0
            v2 = v2 &<< 32 | v2 &>> 32
        }
        var offset = 0
        while bytes.count - offset >= 8 {
            let m = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            v3 ^= m
            round()
            round()
            v0 ^= m
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) &<< 56
        var shift: UInt64 = 0
        while offset < bytes.count {
            last |= UInt64(bytes[offset]) &<< shift
            shift += 8
            offset += 1
        }
        v3 ^= last
        round()
        round()
        v0 ^= last
        v2 ^= 0xff
        round()
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
