/// The header of a segment; the rest of the datagram is a piece of a sealed record.
///
/// ```
/// type 1 | connection id 8 | packet number, low 32 bits 4 | record number, low 32 bits 4 | end flag and offset 3 | check 2
/// ```
/// The check is 16 bits of a keyed hash of the rest. Random damage and blind forgery pass it with a probability of 1 in 65,536, and it
/// costs far less than sealing every datagram. A header that passes wrongly can waste a record, nothing else.
struct SegmentHeader: Equatable {
    static let length = 22

    var connection: ConnectionID
    var packetNumber: UInt32
    var record: UInt32
    /// The offset of this piece in the sealed record; below 2^23.
    var offset: Int
    /// The record ends with this segment. Without it the record has its full length and bytes beyond are padding.
    var endsRecord: Bool

    private static let endFlag: UInt32 = 1 << 23

    /// Writes the header to the first 22 bytes of `memory`.
    func write(to memory: UnsafeMutableRawBufferPointer, key: SipHash) {
        memory[0] = DatagramType.segment.firstByte
        memory.storeBytes(of: connection.value.bigEndian, toByteOffset: 1, as: UInt64.self)
        memory.storeBytes(of: packetNumber.bigEndian, toByteOffset: 9, as: UInt32.self)
        memory.storeBytes(of: record.bigEndian, toByteOffset: 13, as: UInt32.self)
        let place = UInt32(truncatingIfNeeded: offset) | (endsRecord ? Self.endFlag : 0)
        memory[17] = UInt8(truncatingIfNeeded: place >> 16)
        memory[18] = UInt8(truncatingIfNeeded: place >> 8)
        memory[19] = UInt8(truncatingIfNeeded: place)
        let check = Self.check(UnsafeRawBufferPointer(memory), key)
        memory.storeBytes(of: check.bigEndian, toByteOffset: 20, as: UInt16.self)
    }

    /// Nil if the datagram is too short or its check fails.
    init?(_ datagram: UnsafeRawBufferPointer, key: SipHash) {
        guard datagram.count > Self.length,
            Self.check(datagram, key) == UInt16(bigEndian: datagram.loadUnaligned(fromByteOffset: 20, as: UInt16.self))
        else { return nil }
        connection = ConnectionID(UInt64(bigEndian: datagram.loadUnaligned(fromByteOffset: 1, as: UInt64.self)))
        packetNumber = UInt32(bigEndian: datagram.loadUnaligned(fromByteOffset: 9, as: UInt32.self))
        record = UInt32(bigEndian: datagram.loadUnaligned(fromByteOffset: 13, as: UInt32.self))
        let place = UInt32(datagram[17]) << 16 | UInt32(datagram[18]) << 8 | UInt32(datagram[19])
        endsRecord = place & Self.endFlag != 0
        offset = Int(place & ~Self.endFlag)
    }

    init(connection: ConnectionID, packetNumber: UInt32, record: UInt32, offset: Int, endsRecord: Bool) {
        self.connection = connection
        self.packetNumber = packetNumber
        self.record = record
        self.offset = offset
        self.endsRecord = endsRecord
    }

    private static func check(_ bytes: UnsafeRawBufferPointer, _ key: SipHash) -> UInt16 {
        UInt16(truncatingIfNeeded: key.hash(UnsafeRawBufferPointer(rebasing: bytes[..<20])))
    }
}

/// Truncated numbers (RFC 9000 Appendix A.3).
enum TruncatedNumber {
    /// The number nearest to `expected` whose low 32 bits are `low`.
    static func expand(_ low: UInt32, near expected: UInt64) -> UInt64 {
        let candidate = expected & ~0xFFFF_FFFF | UInt64(low)
        if candidate &+ 0x8000_0000 <= expected, candidate < UInt64.max - 0xFFFF_FFFF { return candidate + 0x1_0000_0000 }
        if candidate > expected &+ 0x8000_0000, candidate >= 0x1_0000_0000 { return candidate - 0x1_0000_0000 }
        return candidate
    }
}
