/// Decoding failed: the bytes end early or have a value that is not allowed. The decoder drops its whole input.
struct WireError: Error, Equatable {}

/// Decodes the fields of a datagram in order; big-endian, every read bounds-checked.
struct WireReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    /// The memory must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { position == bytes.count }

    mutating func integer<T: FixedWidthInteger>(_: T.Type) throws(WireError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw WireError() }
        let value = T(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
        position += MemoryLayout<T>.size
        return value
    }

    mutating func byte() throws(WireError) -> UInt8 { try integer(UInt8.self) }

    /// A variable-length integer (RFC 9000 §16), at most 2^62 - 1.
    mutating func varint() throws(WireError) -> UInt64 {
        guard remaining >= 1 else { throw WireError() }
        let first = bytes[position]
        let length = 1 << Int(first >> 6)
        guard remaining >= length else { throw WireError() }
        var value = UInt64(first & 0x3F)
        for index in 1..<max(length, 1) { value = value << 8 | UInt64(bytes[position + index]) }
        position += length
        return value
    }

    /// A variable-length integer that counts something held in memory; throws above `limit`.
    mutating func count(upTo limit: Int) throws(WireError) -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else { throw WireError() }
        return Int(value)
    }

    mutating func slice(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw WireError() }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func array(_ count: Int) throws(WireError) -> [UInt8] { Array(try slice(count)) }

    /// A string: a length as a varint and that many bytes of UTF-8.
    mutating func text(upTo limit: Int) throws(WireError) -> String {
        let count = try count(upTo: limit)
        guard let text = String(validating: try slice(count), as: UTF8.self) else { throw WireError() }
        return text
    }

    mutating func rest() -> UnsafeRawBufferPointer {
        defer { position = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[position...])
    }
}
