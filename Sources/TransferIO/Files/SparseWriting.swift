import Glibc
import SystemSupport

extension OpenFile {
    /// Blocks of the file systems in use, and pages of memory: smaller holes are none.
    private static let holeBytes = 4096

    /// Writes all of `bytes` but whole blocks of zeros, of which holes are made: for a place where the file has nothing yet, so that what is not
    /// written reads as zeros. A sparse file stays one; of any other the first word of each block is looked at.
    func writeSparsely(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var start = 0
        var block = (Self.holeBytes - Int(offset % UInt64(Self.holeBytes))) % Self.holeBytes
        while block + Self.holeBytes <= bytes.count {
            let end = block + Self.holeBytes
            if Self.isZero(UnsafeRawBufferPointer(rebasing: bytes[block..<end])) {
                try write(UnsafeRawBufferPointer(rebasing: bytes[start..<block]), at: offset + UInt64(start))
                start = end
            }
            block = end
        }
        if start < bytes.count { return try write(UnsafeRawBufferPointer(rebasing: bytes[start...]), at: offset + UInt64(start)) }
        // A hole at the end is one only where the file is as long.
        let end = off_t(offset) + off_t(bytes.count)
        if try status().st_size < end {
            guard retrying({ ftruncate(descriptor, end) }) == 0 else { throw SystemError("write \(label)") }
        }
    }

    private static func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
        var place = 0
        while place < block.count {
            if block.loadUnaligned(fromByteOffset: place, as: UInt64.self) != 0 { return false }
            place += 8
        }
        return true
    }
}
