import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct JournalTests {
    /// Any bytes in place of a journal: no part file is trusted because of them, and nothing breaks.
    @Test(arguments: 0..<50 as Range<UInt64>) func anyBytesAreNoJournal(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        var bytes = random.bytes(Int.random(in: 0..<400, using: &random))
        if seed.isMultiple(of: 2) {
            // A valid journal with one byte of its header changed, or truncated.
            do {
                let destination = try DestinationFileTests.destination(folder, "true", size: 3 << 20)
                try DestinationFileTests.write([UInt8](repeating: 1, count: 1 << 20), 0..<(1 << 20), to: destination)
            }
            bytes = try folder.read(".true.part.journal")
            if seed.isMultiple(of: 4) {
                bytes[Int.random(in: 0..<128, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            } else {
                bytes = Array(bytes.prefix(Int.random(in: 0..<128, using: &random)))
            }
        }
        let file = try OpenFile(path: try folder.write("journal", bytes), flags: O_RDWR)
        #expect(PartJournal(reading: file) == nil, "seed \(seed)")
    }

    @Test func claimsOfEverySizeAreAnswered() throws {
        let folder = try TemporaryFolder()
        let receive = try ReceiveFolder(path: folder.path)
        for size: UInt64 in [(1 << 62) - 1, 1 << 50, 1 << 45] {
            let offer = FileOffer(name: "huge", size: size, mode: .max, modified: .max)
            let name = try #require(SafeName("huge"))
            #expect(throws: DestinationError.self) {
                try DestinationFile(in: receive, name: name, offer: offer, senderKey: DestinationFileTests.key)
            }
        }
        #expect(try folder.names() == [])
        for modified: Int64 in [.min, -1, 0, .max] {
            let offer = FileOffer(name: "time", size: 0, mode: 0, modified: modified)
            let destination = try DestinationFile(
                in: receive, name: try #require(SafeName("time")), offer: offer, senderKey: DestinationFileTests.key, overwrite: true)
            try DestinationFileTests.finish(destination, size: 0)
        }
        #expect(try folder.names() == ["time"])
    }

    @Test func chunksAreBounded() {
        for size: UInt64 in [0, 1, 1 << 20, 1 << 32, (1 << 32) + 1, 1 << 40, (1 << 62) - 1] {
            let chunk = PartJournal.chunkSize(of: size)
            #expect(chunk >= 1 << 20 && chunk.isMultiple(of: 1 << 20))
            #expect((size + chunk - 1) / chunk <= UInt64(TransferLimits.heldRanges), "\(size)")
        }
    }
}
