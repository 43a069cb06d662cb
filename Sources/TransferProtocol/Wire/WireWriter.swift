/// Encodes the fields of a datagram in order into memory of a fixed size; big-endian.
///
/// Callers check `room` before they write: what does not fit is not written and sets `overflowed`.
struct WireWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private(set) var overflowed = false

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    var room: Int { bytes.count - count }

    mutating func integer<T: FixedWidthInteger>(_ value: T) {
        guard room >= MemoryLayout<T>.size else {
            overflowed = true
            return
        }
        bytes.storeBytes(of: value.bigEndian, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    mutating func byte(_ value: UInt8) { integer(value) }

    /// A variable-length integer, RFC 9000 §16; values above 2^62 - 1 do not occur and are cut.
    mutating func varint(_ value: UInt64) {
        switch Varint.length(value) {
        case 1: integer(UInt8(truncatingIfNeeded: value))
        case 2: integer(UInt16(truncatingIfNeeded: value) | 0x4000)
        case 4: integer(UInt32(truncatingIfNeeded: value) | 0x8000_0000)
        default: integer(value & Varint.max | 0xC000_0000_0000_0000)
        }
    }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard room >= source.count else {
            overflowed = true
            return
        }
        if let from = source.baseAddress, let base = bytes.baseAddress { (base + count).copyMemory(from: from, byteCount: source.count) }
        count += source.count
    }

    mutating func append(_ source: [UInt8]) { source.withUnsafeBytes { append($0) } }

    mutating func zeros(_ n: Int) {
        guard n > 0, room >= n, let base = bytes.baseAddress else { return }
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: n)
        count += n
    }
}

/// Variable-length integers, RFC 9000 §16.
enum Varint {
    static let max: UInt64 = (1 << 62) - 1

    /// The encoded length of `value`, bytes.
    static func length(_ value: UInt64) -> Int {
        value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8
    }
}

extension [UInt8] {
    mutating func appendInteger<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    mutating func appendVarint(_ value: UInt64) {
        Swift.withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { memory in
            var writer = WireWriter(memory)
            writer.varint(value)
            append(contentsOf: memory[..<writer.count])
        }
    }

    mutating func appendText(_ text: String) {
        appendVarint(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
