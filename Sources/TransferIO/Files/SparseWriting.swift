import Glibc
import SystemSupport

extension OpenFile {
    /// The block size of common file systems, and the page size, bytes: smaller holes do not exist.
    private static let holeBytes = 4096

    /// Writes `bytes`, but leaves whole blocks of zeros as holes. The range must not be written yet, so that it reads as zeros. A sparse
    /// file stays sparse; for any other file only the first word of each block is read.
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
        // A hole at the end exists only if the file is long enough.
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
