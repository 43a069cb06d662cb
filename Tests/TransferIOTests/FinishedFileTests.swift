import Foundation
import TestSupport
import Testing
import TransferProtocol
import TransferSimulator

@testable import TransferIO

/// A placed file whose sender does not know of it, and offers it again.
@Suite struct FinishedFileTests {
    /// Places the file without the sender's knowledge.
    private func receive(_ bytes: [UInt8], as name: String = "movie.mp4", in folder: TemporaryFolder) throws {
        let destination = try DestinationFileTests.destination(folder, name, size: bytes.count)
        try DestinationFileTests.write(bytes, 0..<bytes.count, to: destination)
        try destination.finish(size: UInt64(bytes.count))
    }

    @Test(arguments: [0, 1, 3_000_000]) func itIsHeldWhole(size: Int) throws {
        var random = SeededGenerator(seed: 1)
        let folder = try TemporaryFolder()
        let bytes = random.bytes(size)
        try folder.write("movie.mp4", [1])
        try receive(bytes, in: folder)
        let source = try SourceFile(path: try folder.write("source", bytes))
        let again = try DestinationFileTests.destination(folder, "movie.mp4", size: size)
        #expect(ByteRanges(again.held.map(\.range)).contains(0..<UInt64(size)))
        #expect(try again.held.allSatisfy { try source.matches($0) })
        try again.resume(keeping: again.held.map(\.range))
        try DestinationFileTests.finish(again, size: size)
        #expect(again.finalName == "movie (1).mp4")
        #expect(try folder.names() == ["movie (1).mp4", "movie.mp4", "source"])
        // The sender knows of it: the journal is removed.
        #expect(!FileManager.default.fileExists(atPath: folder.file(".movie.mp4.part.journal")))
    }

    /// The sender's file has the same time and size but other bytes: the placed one stays as it is.
    @Test(arguments: [true, false]) func anotherVersionComesBesideIt(wordFirst: Bool) throws {
        var random = SeededGenerator(seed: 2)
        let folder = try TemporaryFolder()
        let old = random.bytes(3 << 20)
        try receive(old, in: folder)
        var new = old
        new[(1 << 20) + 5] ^= 1
        let again = try DestinationFileTests.destination(folder, "movie.mp4", size: new.count)
        let kept: [Range<UInt64>] = [0..<(1 << 20), (2 << 20)..<(3 << 20)]
        if wordFirst { try again.resume(keeping: kept) }
        try DestinationFileTests.write(new, (1 << 20)..<(2 << 20), to: again)
        if !wordFirst { try again.resume(keeping: kept) }
        try DestinationFileTests.finish(again, size: new.count)
        #expect(try folder.read("movie.mp4") == old)
        #expect(try folder.read("movie (1).mp4") == new)
        #expect(try folder.names() == ["movie (1).mp4", "movie.mp4"])
    }

    @Test func itIsOnlyForWhoSentIt() throws {
        let folder = try TemporaryFolder()
        try receive([1, 2], in: folder)
        let other = try DestinationFileTests.destination(folder, "movie.mp4", size: 2, key: [UInt8](repeating: 8, count: 32))
        #expect(other.held.isEmpty)
    }

    @Test func whatWasTakenAwayOrReplacedIsSentAgain() throws {
        let folder = try TemporaryFolder()
        try receive([1, 2], in: folder)
        #expect(rename(folder.file("movie.mp4"), folder.file("elsewhere")) == 0)
        #expect(try DestinationFileTests.destination(folder, "movie.mp4", size: 2).held.isEmpty)
        try receive([1, 2], as: "song", in: folder)
        let again = try DestinationFileTests.destination(folder, "song", size: 2)
        #expect(again.held.count == 1)
        try folder.write("new", [3, 4])
        #expect(rename(folder.file("new"), folder.file("song")) == 0)
        try again.resume(keeping: [0..<2])
        #expect(throws: DestinationError.replaced(folder.file("song"))) { try again.finish(size: 2) }
    }

    /// Two files with equal names, sizes, times and contents: neither is taken for the other.
    @Test func eachIsTheAnswerToOneOffer() throws {
        let folder = try TemporaryFolder()
        for _ in 0..<2 {
            let names = PlacedNames()
            let both = try [0, 1].map { _ in try DestinationFileTests.destination(folder, "movie.mp4", size: 1, names: names) }
            for destination in both {
                if destination.held.isEmpty {
                    try DestinationFileTests.write([5], 0..<1, to: destination)
                } else {
                    try destination.resume(keeping: [0..<1])
                }
                try destination.finish(size: 1)
            }
            #expect(Set(both.compactMap(\.finalName)) == ["movie.mp4", "movie (1).mp4"])
        }
    }

    /// Another file of the transfer, even one that may overwrite, does not replace it, unless the sender's file has changed.
    @Test(arguments: [true, false]) func itKeepsItsPlace(isKept: Bool) throws {
        let folder = try TemporaryFolder()
        try receive([1], in: folder)
        let names = PlacedNames()
        let again = try DestinationFileTests.destination(folder, "movie.mp4", size: 1, overwrite: true, names: names)
        try again.resume(keeping: isKept ? [0..<1] : [])
        let other = try DestinationFileTests.destination(folder, "movie.mp4", size: 1, modified: 5, overwrite: true, names: names)
        try DestinationFileTests.write([2], 0..<1, to: other)
        try other.finish(size: 1)
        if !isKept { try DestinationFileTests.write([3], 0..<1, to: again) }
        try again.finish(size: 1)
        #expect(again.finalName == (isKept ? "movie.mp4" : "movie (1).mp4"))
        #expect(other.finalName == (isKept ? "movie (1).mp4" : "movie.mp4"))
    }

    /// The record of one transfer does not remove the journal of another.
    @Test func aRecordGoesAlone() throws {
        let folder = try TemporaryFolder()
        let first = try DestinationFileTests.destination(folder, "movie.mp4", size: 1)
        try DestinationFileTests.write([1], 0..<1, to: first)
        try first.finish(size: 1)
        let second = try DestinationFileTests.destination(folder, "movie.mp4", size: 3, modified: 5)
        try DestinationFileTests.write([2], 0..<1, to: second)
        try #require(first.record).remove()
        #expect(try folder.names() == [".movie.mp4.part.journal", "movie.mp4", "movie.mp4.part"])
    }

    /// The sender receives nothing after the file has its name.
    @Test func aLostDoneCostsNoSecondCopy() throws {
        let folder = try TemporaryFolder()
        let file = Simulation.file(size: 3_000_000, seed: 7)
        var sent: [UInt64] = []
        for isDeaf in [true, false] {
            let simulation = try Simulation(seed: 7, forward: LinkModel(rate: 50e6))
            simulation.receiver.openDestination = { offer in
                try DestinationFileTests.destination(folder, offer.name, size: offer.size.map { Int($0) })
            }
            let connection = try simulation.send([file])
            #expect(simulation.run(for: .seconds(Int64(60))) { simulation.receiver.placed == [0] })
            simulation.sender.receivesNothing = isDeaf
            #expect(simulation.runToEnd(within: .seconds(Int64(200))))
            #expect(simulation.sender.outcome == (isDeaf ? .failed(.timedOut) : .complete))
            sent.append(connection.statistics.bytesSent)
        }
        #expect(sent[0] > 3_000_000 && sent[1] < 20_000)
        #expect(try folder.names().filter { !$0.hasPrefix(".") } == ["movie.mp4"])
    }
}
