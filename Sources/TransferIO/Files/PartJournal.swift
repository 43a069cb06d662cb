import Crypto
import Glibc
import SystemSupport
import TransferProtocol

/// The journal of a part file: a hidden file that records whose it is and which chunks of it are complete, so that a transfer can resume.
///
/// It is a hint and never trusted: the chunks that it lists are hashed again from the part file and compared with the sender's file. So it
/// need not be flushed; it survives a `kill -9` in the page cache. It has a header of 128 bytes, then a byte a chunk: 0 or 1.
struct PartJournal {
    /// Smallest chunk, bytes; larger if the file would have more than ``TransferLimits/heldRanges`` chunks.
    static let smallestChunk: UInt64 = 1 << 20
    private static let magic = Array("chatty-part 1\n\0\0".utf8)
    private static let headerLength = 128
    /// The value that stands for the size of a stream.
    private static let unknownSize = UInt64.max

    /// The identity of a transfer: only a part file with the same one is resumed.
    struct Identity: Equatable {
        /// Nil for a stream, which is never resumed.
        let size: UInt64?
        let modified: Int64
        /// The sender's static key: hashes of received data are sent only to its sender.
        let senderKey: [UInt8]
        let partInode: UInt64
    }

    let identity: Identity
    let chunk: UInt64
    private let file: OpenFile

    static func chunkSize(of size: UInt64) -> UInt64 {
        let count = UInt64(TransferLimits.heldRanges)
        let needed = (size + count - 1) / count
        return max(smallestChunk, (needed + smallestChunk - 1) / smallestChunk * smallestChunk)
    }

    /// All chunks of a file of this size.
    static func chunks(of size: UInt64) -> [Range<UInt64>] {
        let chunk = chunkSize(of: size)
        return (0..<(size + chunk - 1) / chunk).map { ($0 * chunk)..<min(($0 + 1) * chunk, size) }
    }

    /// Writes a new journal over what `file` holds.
    init(creating file: OpenFile, _ identity: Identity) throws(SystemError) {
        self.file = file
        self.identity = identity
        let size = identity.size ?? 0
        chunk = Self.chunkSize(of: size)
        var bytes = Self.magic
        for number in [identity.size ?? Self.unknownSize, UInt64(bitPattern: identity.modified), chunk, identity.partInode] {
            bytes += withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        bytes += identity.senderKey
        bytes += [UInt8](repeating: 0, count: Self.headerLength - 16 - bytes.count)
        bytes += SHA256.hash(data: bytes).prefix(16)
        bytes += [UInt8](repeating: 0, count: Int((size + chunk - 1) / chunk))
        guard ftruncate(file.descriptor, 0) == 0 else { throw SystemError("empty \(file.label)") }
        try Self.write(bytes, to: file, at: 0)
    }

    /// Reads a journal; nil if the file is none, or a damaged one.
    init?(reading file: OpenFile) {
        self.file = file
        guard let header = Self.read(file, 0..<UInt64(Self.headerLength)), header.starts(with: Self.magic) else { return nil }
        guard SHA256.hash(data: header.dropLast(16)).prefix(16).elementsEqual(header.suffix(16)) else { return nil }
        let numbers = (0..<4).map { index in
            header[(16 + 8 * index)..<(24 + 8 * index)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        let size = numbers[0] == Self.unknownSize ? nil : numbers[0]
        identity = Identity(
            size: size, modified: Int64(bitPattern: numbers[1]), senderKey: Array(header[48..<80]), partInode: numbers[3])
        chunk = numbers[2]
        guard size ?? 0 <= UInt64(Int64.max) / 2, chunk == Self.chunkSize(of: size ?? 0) else { return nil }
    }

    /// The chunks that are marked as complete, as ranges of the file.
    func wholeChunks() -> [Range<UInt64>] {
        guard let size = identity.size else { return [] }
        let count = (size + chunk - 1) / chunk
        guard let marks = Self.read(file, UInt64(Self.headerLength)..<UInt64(Self.headerLength) + count) else { return [] }
        return marks.indices.filter { marks[$0] == 1 }.map { range(of: UInt64($0), size: size) }
    }

    /// Marks the chunks that the write of `written` has completed.
    func mark(_ written: Range<UInt64>, in held: ByteRanges) {
        guard let size = identity.size, !written.isEmpty else { return }
        for index in (written.lowerBound / chunk)...((written.upperBound - 1) / chunk) {
            guard held.contains(range(of: index, size: size)) else { continue }
            // If a mark cannot be written, its chunk is sent again after an interruption, nothing worse.
            try? Self.write([1], to: file, at: UInt64(Self.headerLength) + index)
        }
    }

    /// Removes all marks except those of `kept`.
    func reset(keeping kept: ByteRanges) throws(SystemError) {
        guard let size = identity.size else { return }
        let marks = (0..<(size + chunk - 1) / chunk).map { kept.contains(range(of: $0, size: size)) ? UInt8(1) : 0 }
        try Self.write(marks, to: file, at: UInt64(Self.headerLength))
    }

    private func range(of index: UInt64, size: UInt64) -> Range<UInt64> { (index * chunk)..<min((index + 1) * chunk, size) }

    private static func write(_ bytes: [UInt8], to file: OpenFile, at offset: UInt64) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { try file.write(buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static func read(_ file: OpenFile, _ range: Range<UInt64>) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: Int(range.upperBound - range.lowerBound))
        let count = bytes.withUnsafeMutableBytes { try? file.read(into: $0, at: range.lowerBound) }
        return count == bytes.count ? bytes : nil
    }
}
