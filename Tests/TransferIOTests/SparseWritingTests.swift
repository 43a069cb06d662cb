import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct SparseWritingTests {
    private func blocks(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : -1
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func whatIsReadIsWhatWasWritten(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        var bytes = [UInt8](repeating: 0, count: 600_000 + Int.random(in: 0..<9000, using: &random))
        for _ in 0..<6 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = 1 }
        let destination = try DestinationFileTests.destination(folder, "disk.img", size: bytes.count)
        let piece = [16_384, 5000, 100_000][Int(seed % 3)]
        let pieces = stride(from: 0, to: bytes.count, by: piece).map { $0..<min($0 + piece, bytes.count) }
        for range in pieces.shuffled(using: &random) { try DestinationFileTests.write(bytes, range, to: destination) }
        try DestinationFileTests.finish(destination, size: bytes.count)
        #expect(try folder.read("disk.img") == bytes)
        // At most the blocks that are not all zeros, and the file system's overhead.
        if piece == 16_384 { #expect(blocks(folder.file("disk.img")) <= 200_000) }
    }

    /// A sender that repeats data, and one whose first version had other bytes there.
    @Test func zerosReplaceWhatIsThere() throws {
        let folder = try TemporaryFolder()
        let size = 3 << 20
        let (ones, zeros) = ([UInt8](repeating: 1, count: size), [UInt8](repeating: 0, count: size))
        do {
            let first = try DestinationFileTests.destination(folder, "disk.img", size: size)
            try DestinationFileTests.write(ones, 0..<(2 << 20), to: first)
            try DestinationFileTests.write(zeros, 4096..<8192, to: first)
        }
        let second = try DestinationFileTests.destination(folder, "disk.img", size: size)
        try second.resume(keeping: [(1 << 20)..<(2 << 20)])
        try DestinationFileTests.write(zeros, 8192..<(1 << 20), to: second)
        try DestinationFileTests.write(zeros, (2 << 20)..<size, to: second)
        try DestinationFileTests.write(ones, 0..<4096, to: second)
        try DestinationFileTests.write(zeros, 4096..<8192, to: second)
        try DestinationFileTests.finish(second, size: size)
        var expected = zeros
        expected.replaceSubrange(0..<4096, with: ones[..<4096])
        expected.replaceSubrange((1 << 20)..<(2 << 20), with: ones[(1 << 20)..<(2 << 20)])
        #expect(try folder.read("disk.img") == expected)
    }

    /// The held ranges are right even though the file ends in a hole.
    @Test func anInterruptedSparseFileIsGoneOnWith() throws {
        let folder = try TemporaryFolder()
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        do {
            let first = try DestinationFileTests.destination(folder, "disk.img", size: zeros.count)
            try DestinationFileTests.write(zeros, 0..<(2 << 20), to: first)
        }
        let source = try SourceFile(path: try folder.write("source", zeros))
        let second = try DestinationFileTests.destination(folder, "disk.img", size: zeros.count)
        #expect(try second.held.map { try source.matches($0) } == [true, true])
        #expect(blocks(folder.file("disk.img.part")) == 0)
    }

    @Test func overlapsAreSeen() {
        let ranges = ByteRanges([10..<20, 30..<40])
        for range: Range<UInt64> in [0..<11, 15..<16, 25..<31, 39..<50, 0..<99] { #expect(ranges.overlaps(range), "\(range)") }
        for range: Range<UInt64> in [0..<10, 20..<30, 40..<50] { #expect(!ranges.overlaps(range), "\(range)") }
        #expect(!ByteRanges().overlaps(0..<5))
    }
}
