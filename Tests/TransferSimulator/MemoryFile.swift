import Crypto
import TransferIO
import TransferProtocol

/// A file in memory, which tracks its bytes as ``DestinationFile`` does: it is complete only if every byte was written or kept.
final class MemoryFile: TransferDestination, @unchecked Sendable {
    // `@unchecked`: a simulation is one thread.

    private static let chunk = 65_536

    private(set) var bytes: [UInt8]
    private var written = ByteRanges()
    let held: [HeldRange]

    /// - Parameter part: the bytes from the beginning of the file that an earlier attempt left; nil for none.
    init(part: [UInt8]?) {
        let part = part ?? []
        bytes = part
        held = stride(from: 0, to: part.count, by: Self.chunk).map { start in
            let range = start..<min(start + Self.chunk, part.count)
            return HeldRange(
                range: UInt64(range.lowerBound)..<UInt64(range.upperBound), digest: Array(SHA256.hash(data: part[range])))
        }
    }

    func resume(keeping kept: [Range<UInt64>]) {
        for range in kept { written.insert(range) }
    }

    func write(_ new: UnsafeRawBufferPointer, at offset: UInt64) {
        let end = Int(offset) + new.count
        if bytes.count < end { bytes.append(contentsOf: [UInt8](repeating: 0, count: end - bytes.count)) }
        bytes.withUnsafeMutableBytes { UnsafeMutableRawBufferPointer(rebasing: $0[Int(offset)..<end]).copyMemory(from: new) }
        written.insert(offset..<UInt64(end))
    }

    func finish(size: UInt64) throws {
        guard written.contains(0..<size) else { throw DestinationError.incomplete("a simulated file") }
        bytes.removeSubrange(min(Int(size), bytes.count)...)
    }

    func abandon() {}
}
