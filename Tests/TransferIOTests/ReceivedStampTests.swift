import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// A placed file whose sender knows of it, and sends it again.
@Suite(.enabled(if: ExtendedAttributes.areKept, "the file system keeps no extended attributes")) struct ReceivedStampTests {
    private func receive(_ bytes: [UInt8], in folder: TemporaryFolder, key: [UInt8] = DestinationFileTests.key) throws -> String? {
        let destination = try DestinationFileTests.destination(folder, "movie.mp4", size: bytes.count, key: key)
        let held = destination.held
        if held.isEmpty {
            try DestinationFileTests.write(bytes, 0..<bytes.count, to: destination)
        } else {
            try destination.resume(keeping: held.map(\.range))
        }
        try DestinationFileTests.finish(destination, size: bytes.count)
        #expect(destination.wasThere == !held.isEmpty)
        return destination.finalName
    }

    @Test func itIsStoredOnce() throws {
        var random = SeededGenerator(seed: 1)
        let folder = try TemporaryFolder()
        let bytes = random.bytes(3_000_000)
        for _ in 0..<3 { #expect(try receive(bytes, in: folder) == "movie.mp4") }
        // Under another name, beside another file with the original one.
        try FileManager.default.moveItem(atPath: folder.file("movie.mp4"), toPath: folder.file("movie (1).mp4"))
        try folder.write("movie.mp4", [1])
        #expect(try receive(bytes, in: folder) == "movie (1).mp4")
        #expect(try folder.names() == ["movie (1).mp4", "movie.mp4"])
    }

    /// Hashes are sent to nobody else.
    @Test func itIsOnlyForWhoSentIt() throws {
        let folder = try TemporaryFolder()
        #expect(try receive([1, 2], in: folder) == "movie.mp4")
        #expect(try receive([1, 2], in: folder, key: [UInt8](repeating: 8, count: 32)) == "movie (1).mp4")
    }

    /// A file that was written to since is another file, and so is one that another program put there.
    @Test func whatWasChangedIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        #expect(try receive([1, 2], in: folder) == "movie.mp4")
        let handle = try #require(FileHandle(forWritingAtPath: folder.file("movie.mp4")))
        try handle.write(contentsOf: [3])
        try handle.close()
        #expect(try receive([1, 2], in: folder) == "movie (1).mp4")
        #expect(try folder.read("movie.mp4") == [3, 2])
    }

    /// Two files of one transfer are different, whatever their contents.
    @Test func anotherFileOfTheTransferKeepsItsPlace() throws {
        let folder = try TemporaryFolder()
        let names = PlacedNames()
        for name in ["movie.mp4", "movie (1).mp4"] {
            let destination = try DestinationFileTests.destination(folder, "movie.mp4", size: 2, names: names)
            try #require(destination.held.isEmpty)
            try DestinationFileTests.write([1, 2], 0..<2, to: destination)
            try DestinationFileTests.finish(destination, size: 2)
            #expect(destination.finalName == name)
        }
    }
}
