/// The format of records: the unit of encryption, of retransmission after damage, and of flow control.
///
/// The plaintext of a record is one or more chunks, each a header and bytes of one file. So every record says where its bytes belong, and
/// many small files share one.
/// ```
/// file 4 | offset 8 | length 4 | bytes
/// ```
enum RecordFormat {
    /// File bytes in a full record of one chunk.
    static let dataSize = 16_384
    static let chunkHeader = 16
    /// Bytes of a full record's plaintext.
    static let plaintextSize = dataSize + chunkHeader
    static let tagSize = 16
    /// Bytes of a full sealed record.
    static let sealedSize = plaintextSize + tagSize
    /// Memory of one record: the sealed bytes, and zeros that pad the last segment to the length of the others.
    static let slotSize = (sealedSize + 64 + 63) & ~63
    /// The minimum payload of a segment, bytes, so that a record has at most 64 of them (one bit each in a word).
    static let minimumSegment = 300
    static let maximumSegments = 64
    /// Records sealed under one key before the next is derived from it: 2^22 x 16 KiB = 64 GiB, far below the 2^24.5 records
    /// of RFC 8446 §5.5.
    static let recordsPerKey: UInt64 = 1 << 22

    /// The length of all segments of a record of `sealed` bytes if none may exceed `limit`: equal ones, because a run of equal datagrams is
    /// one send to the kernel.
    static func segmentLength(sealed: Int, limit: Int) -> Int {
        let limit = max(limit, minimumSegment)
        let count = (sealed + limit - 1) / limit
        return (sealed + count - 1) / count
    }

    /// A run of bytes of one file in a record's plaintext.
    struct Chunk: Equatable {
        var file: FileID
        var offset: UInt64
        /// The place of the bytes in the plaintext.
        var range: Range<Int>
    }

    static func writeChunkHeader(file: FileID, offset: UInt64, length: Int, to memory: UnsafeMutableRawBufferPointer, at position: Int) {
        memory.storeBytes(of: file.bigEndian, toByteOffset: position, as: UInt32.self)
        memory.storeBytes(of: offset.bigEndian, toByteOffset: position + 4, as: UInt64.self)
        memory.storeBytes(of: UInt32(length).bigEndian, toByteOffset: position + 12, as: UInt32.self)
    }

    /// The chunk at `position` of an opened record. Chunks fill the record exactly and are never empty.
    static func chunk(in plaintext: UnsafeRawBufferPointer, at position: Int) throws(WireError) -> Chunk {
        var reader = WireReader(UnsafeRawBufferPointer(rebasing: plaintext[position...]))
        let file = try reader.integer(UInt32.self)
        let offset = try reader.integer(UInt64.self)
        let length = Int(try reader.integer(UInt32.self))
        guard length > 0, length <= reader.remaining, offset <= UInt64(Int64.max) - UInt64(length) else { throw WireError() }
        return Chunk(file: file, offset: offset, range: position + chunkHeader..<position + chunkHeader + length)
    }
}
