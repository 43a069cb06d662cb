import CLinux
import Foundation
import SystemSupport
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct DestinationFileTests {
    static let key = [UInt8](repeating: 7, count: 32)

    static func destination(
        _ folder: TemporaryFolder, _ name: String, size: Int?, modified: Int64 = 1_700_000_000_123_456_789, mode: UInt32 = 0o644,
        key: [UInt8] = key, overwrite: Bool = false, names: PlacedNames = PlacedNames()
    ) throws -> DestinationFile {
        let offer = FileOffer(name: name, size: size.map(UInt64.init), mode: mode, modified: modified)
        return try DestinationFile(
            in: ReceiveFolder(path: folder.path), name: try #require(SafeName(name)), offer: offer, senderKey: key, overwrite: overwrite,
            names: names)
    }

    static func write(_ bytes: [UInt8], _ range: Range<Int>, to destination: DestinationFile) throws {
        try bytes.withUnsafeBytes { try destination.write(UnsafeRawBufferPointer(rebasing: $0[range]), at: UInt64(range.lowerBound)) }
    }

    /// Places the file, and removes its record as if the sender knew of it.
    static func finish(_ destination: DestinationFile, size: Int) throws {
        try destination.finish(size: UInt64(size))
        try #require(destination.record).remove()
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func anyOrderMakesTheFile(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let bytes = random.bytes(Int.random(in: 0..<300_000, using: &random))
        let destination = try Self.destination(folder, "a/b/movie.mp4", size: seed.isMultiple(of: 2) ? bytes.count : nil)
        let pieces = stride(from: 0, to: bytes.count, by: 16_384).map { $0..<min($0 + 16_384, bytes.count) }
        for piece in pieces.shuffled(using: &random) {
            #expect(throws: DestinationError.self) { try destination.finish(size: UInt64(bytes.count)) }
            #expect(!FileManager.default.fileExists(atPath: folder.file("a/b/movie.mp4")))
            try Self.write(bytes, piece, to: destination)
        }
        try Self.finish(destination, size: bytes.count)
        #expect(try folder.read("a/b/movie.mp4") == bytes)
        #expect(destination.finalName == "a/b/movie.mp4")
        var status = stat()
        #expect(stat(folder.file("a/b/movie.mp4"), &status) == 0)
        #expect(status.st_mtim.tv_sec == 1_700_000_000 && status.st_mtim.tv_nsec == 123_456_789)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("a/b")) == ["movie.mp4"])
    }

    @Test func nothingIsOverwrittenUnlessAsked() throws {
        let folder = try TemporaryFolder()
        try folder.write("movie.mp4", [1])
        for expected in ["movie (1).mp4", "movie (2).mp4"] {
            let destination = try Self.destination(folder, "movie.mp4", size: 2)
            try Self.write([2, 3], 0..<2, to: destination)
            try Self.finish(destination, size: 2)
            #expect(destination.finalName == expected)
        }
        #expect(try folder.read("movie.mp4") == [1])
        #expect(try folder.read("movie (2).mp4") == [2, 3])
        let destination = try Self.destination(folder, "movie.mp4", size: 1, overwrite: true)
        try Self.write([9], 0..<1, to: destination)
        #expect(try folder.read("movie.mp4") == [1])
        try Self.finish(destination, size: 1)
        #expect(try folder.read("movie.mp4") == [9])
        #expect(try folder.names() == ["movie (1).mp4", "movie (2).mp4", "movie.mp4"])
    }

    /// Detected only at the end, because the folder may appear during the transfer.
    @Test func aFolderIsNotOverwritten() throws {
        let folder = try TemporaryFolder()
        #expect(mkdir(folder.file("movie.mp4"), 0o755) == 0)
        let destination = try Self.destination(folder, "movie.mp4", size: 1, overwrite: true)
        try Self.write([9], 0..<1, to: destination)
        try Self.finish(destination, size: 1)
        #expect(destination.finalName == "movie (1).mp4")
        #expect(try folder.names() == ["movie (1).mp4", "movie.mp4"])
    }

    /// The files are offered in one order and end in any.
    @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) func filesOfOneTransferKeepTheirPlaces(
        order: [Int]
    ) throws {
        let folder = try TemporaryFolder()
        for name in ["x", "x (1)"] { try folder.write(name, [9]) }
        let names = PlacedNames()
        let all = try ["x", "x", "x (1)"].map { try Self.destination(folder, $0, size: 1, overwrite: true, names: names) }
        for index in order {
            try Self.write([UInt8(index)], 0..<1, to: all[index])
            try Self.finish(all[index], size: 1)
        }
        let found = try all.map { try folder.read(try #require($0.finalName)) }
        #expect(found == [[0], [1], [2]])
        // The file that nobody sent is there, or was replaced by the first file with its name.
        #expect(try folder.read("x") == [UInt8(try #require(order.first { $0 < 2 }))])
    }

    /// On a file system that ignores case, the second name leads to the first file; a hard link simulates that.
    @Test(arguments: ["readme", "README (1)"]) func whatTheFileSystemTakesForOneIsNotReplaced(second: String) throws {
        let folder = try TemporaryFolder()
        let names = PlacedNames()
        let (first, other) = (
            try Self.destination(folder, "README", size: 1, overwrite: true, names: names),
            try Self.destination(folder, second, size: 1, overwrite: true, names: names)
        )
        try Self.write([1], 0..<1, to: first)
        try Self.finish(first, size: 1)
        #expect(link(folder.file("README"), folder.file(second)) == 0)
        try Self.write([2], 0..<1, to: other)
        try Self.finish(other, size: 1)
        #expect(other.finalName == second + " (1)")
        #expect(try folder.read("README") == [1])
        #expect(try folder.read(second + " (1)") == [2])
    }

    /// `String` considers these equal.
    @Test func twoWaysToWriteALetterAreTwoFiles() throws {
        let folder = try TemporaryFolder()
        let names = PlacedNames()
        for (name, content) in [("\u{E9}", UInt8(1)), ("e\u{301}", 2)] {
            let file = try Self.destination(folder, name, size: 1, overwrite: true, names: names)
            try Self.write([content], 0..<1, to: file)
            try Self.finish(file, size: 1)
            #expect(file.changedName == nil)
            #expect(try folder.read(name) == [content])
        }
    }

    @Test func aChangedNameIsKnown() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", [9])
        for (offered, name) in [("x", "x (1)"), (".profile", "_profile"), ("a/.env", nil)] {
            let file = try Self.destination(folder, offered, size: 0)
            try Self.finish(file, size: 0)
            #expect(file.changedName == name)
        }
    }

    @Test func aNameIsFreeAgainWhenItCouldNotBeHad() throws {
        let folder = try TemporaryFolder()
        let names = PlacedNames()
        let first = try Self.destination(folder, "x", size: 1, overwrite: true, names: names)
        try Self.write([1], 0..<1, to: first)
        try FileManager.default.moveItem(atPath: folder.file("x.part"), toPath: folder.file("elsewhere"))
        #expect(throws: DestinationError.self) { try first.finish(size: 1) }
        try FileManager.default.moveItem(atPath: folder.file("elsewhere"), toPath: folder.file("x.part"))
        try first.finish(size: 1)
        #expect(first.finalName == "x")
    }

    @Test func anInterruptedFileIsGoneOnWith() throws {
        var random = SeededGenerator(seed: 1)
        let folder = try TemporaryFolder()
        let bytes = random.bytes(5 << 20)
        do {
            let first = try Self.destination(folder, "movie.mp4", size: bytes.count)
            #expect(first.held.isEmpty)
            try Self.write(bytes, 0..<(2 << 20), to: first)
            try Self.write(bytes, (3 << 20)..<((3 << 20) + 70_000), to: first)
            try Self.write(bytes, (4 << 20)..<(5 << 20), to: first)
            // Only released, as by a kill, without `abandon`.
        }
        let second = try Self.destination(folder, "movie.mp4", size: bytes.count)
        let held = second.held
        let chunk: UInt64 = 1 << 20
        let expected: [Range<UInt64>] = [0..<chunk, chunk..<2 * chunk, 4 * chunk..<5 * chunk]
        #expect(held.map(\.range) == expected)
        let source = try SourceFile(path: try folder.write("source", bytes))
        for range in held { #expect(try source.matches(range)) }
        // The sender keeps two of the three.
        try second.resume(keeping: [0..<2 * chunk])
        #expect(throws: DestinationError.self) { try second.finish(size: UInt64(bytes.count)) }
        try Self.write(bytes, (2 << 20)..<(5 << 20), to: second)
        try Self.finish(second, size: bytes.count)
        #expect(try folder.read("movie.mp4") == bytes)
        #expect(try folder.names() == ["movie.mp4", "source"])
    }

    /// Records do not wait for the message about the ranges to keep.
    @Test func bytesMayComeBeforeTheWordAboutWhatStays() throws {
        var random = SeededGenerator(seed: 6)
        let folder = try TemporaryFolder()
        let bytes = random.bytes(3 << 20)
        do {
            let first = try Self.destination(folder, "movie.mp4", size: bytes.count)
            try Self.write(bytes, 0..<(1 << 20), to: first)
        }
        do {
            let second = try Self.destination(folder, "movie.mp4", size: bytes.count)
            #expect(second.held.count == 1)
            try Self.write(bytes, (1 << 20)..<(2 << 20), to: second)
            try second.resume(keeping: [0..<(1 << 20)])
        }
        // Both are in the journal too.
        let third = try Self.destination(folder, "movie.mp4", size: bytes.count)
        #expect(third.held.count == 2)
        try Self.write(bytes, (2 << 20)..<(3 << 20), to: third)
        try third.resume(keeping: [0..<(2 << 20)])
        try third.finish(size: UInt64(bytes.count))
        #expect(try folder.read("movie.mp4") == bytes)
    }

    @Test func aDamagedPartIsNotBelieved() throws {
        var random = SeededGenerator(seed: 2)
        let folder = try TemporaryFolder()
        let bytes = random.bytes(2 << 20)
        do {
            let first = try Self.destination(folder, "movie.mp4", size: bytes.count)
            try Self.write(bytes, 0..<(2 << 20), to: first)
        }
        var damaged = try folder.read("movie.mp4.part")
        damaged[100] ^= 1
        let handle = try #require(FileHandle(forWritingAtPath: folder.file("movie.mp4.part")))
        try handle.write(contentsOf: damaged)
        try handle.close()
        let source = try SourceFile(path: try folder.write("source", bytes))
        let second = try Self.destination(folder, "movie.mp4", size: bytes.count)
        #expect(try second.held.map { try source.matches($0) } == [false, true])
    }

    @Test func anotherVersionStartsAnew() throws {
        let folder = try TemporaryFolder()
        let bytes = [UInt8](repeating: 5, count: 3 << 20)
        for (size, modified) in [(3 << 20, Int64(1)), (3 << 20, 2), (2 << 20, 2)] {
            let destination = try Self.destination(folder, "movie.mp4", size: size, modified: modified)
            #expect(destination.held.isEmpty)
            try Self.write(bytes, 0..<(1 << 20), to: destination)
        }
        #expect(try folder.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
    }

    @Test func whatIsNotOursOrIsBusyIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        try folder.write("movie.mp4.part", [1, 2, 3])
        let one = try Self.destination(folder, "movie.mp4", size: 2 << 20)
        let bytes = [UInt8](repeating: 1, count: 2 << 20)
        try Self.write(bytes, 0..<(1 << 20), to: one)
        let two = try Self.destination(folder, "movie.mp4", size: 2 << 20)
        #expect(two.held.isEmpty)
        try Self.write(bytes, 0..<(2 << 20), to: two)
        try Self.finish(two, size: 2 << 20)
        #expect(two.finalName == "movie.mp4")
        try Self.write(bytes, 0..<(2 << 20), to: one)
        try Self.finish(one, size: 2 << 20)
        #expect(one.finalName == "movie (1).mp4")
        #expect(try folder.read("movie.mp4.part") == [1, 2, 3])
        #expect(try folder.names() == ["movie (1).mp4", "movie.mp4", "movie.mp4.part"])
    }

    @Test func anotherSenderLearnsNothing() throws {
        let folder = try TemporaryFolder()
        let bytes = [UInt8](repeating: 1, count: 2 << 20)
        do {
            let first = try Self.destination(folder, "movie.mp4", size: bytes.count)
            try Self.write(bytes, 0..<(1 << 20), to: first)
        }
        let other = try Self.destination(folder, "movie.mp4", size: bytes.count, key: [UInt8](repeating: 8, count: 32))
        #expect(other.held.isEmpty)
        other.abandon()
        #expect(try Self.destination(folder, "movie.mp4", size: bytes.count).held.count == 1)
    }

    @Test func whatIsNotWorthKeepingGoes() throws {
        let folder = try TemporaryFolder()
        try Self.destination(folder, "empty.mp4", size: 100).abandon()
        let stream = try Self.destination(folder, "stream", size: nil)
        try Self.write([1, 2, 3], 0..<3, to: stream)
        stream.abandon()
        #expect(try folder.names() == [])
        let kept = try Self.destination(folder, "movie.mp4", size: 100)
        try Self.write([1, 2, 3], 0..<3, to: kept)
        kept.abandon()
        #expect(try folder.names() == [".movie.mp4.part.journal", "movie.mp4.part"])
        #expect(throws: DestinationError.self) { try kept.finish(size: 3) }
    }

    /// No other file may take the place of a part file, neither by a name that a peer chose nor otherwise.
    @Test func anotherFileInThePlaceOfThePartIsNotOurs() throws {
        let folder = try TemporaryFolder()
        let first = try Self.destination(folder, "movie.mp4.part", size: 1, overwrite: true)
        let second = try Self.destination(folder, "movie.mp4", size: 1, overwrite: true)
        try Self.write([1], 0..<1, to: first)
        try Self.write([2], 0..<1, to: second)
        try first.finish(size: 1)
        try second.finish(size: 1)
        #expect(try folder.read("movie.mp4") == [2])
        #expect(try folder.read("movie.mp4_part") == [1])

        for overwrite in [true, false] {
            let third = try Self.destination(folder, "song", size: 1, overwrite: overwrite)
            try Self.write([3], 0..<1, to: third)
            try folder.write("other", [4])
            #expect(rename(folder.file("other"), folder.file("song.part")) == 0)
            #expect(throws: DestinationError.replaced(folder.file("song.part"))) { try third.finish(size: 1) }
            third.abandon()
            // It belongs to somebody else, and stays.
            #expect(try folder.read("song.part") == [4])
            #expect(!FileManager.default.fileExists(atPath: folder.file("song")))
            try FileManager.default.removeItem(atPath: folder.file("song.part"))
            try FileManager.default.removeItem(atPath: folder.file(".song.part.journal"))
        }
    }

    @Test func linksAreNotFollowed() throws {
        let folder = try TemporaryFolder()
        let outside = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: folder.file("out"), withDestinationPath: outside.path)
        #expect(throws: DestinationError.self) { try Self.destination(folder, "out/evil.txt", size: 1) }
        // A dangling link in place of the part file must not be written through.
        try FileManager.default.createSymbolicLink(atPath: folder.file("a.txt.part"), withDestinationPath: outside.file("planted"))
        let destination = try Self.destination(folder, "a.txt", size: 1)
        try Self.write([1], 0..<1, to: destination)
        try destination.finish(size: 1)
        #expect(try outside.names() == [])
        #expect(try folder.read("a.txt") == [1])
        // Nor a link in place of the final name, not even with `overwrite`.
        try outside.write("precious", [5])
        try FileManager.default.createSymbolicLink(atPath: folder.file("b.txt"), withDestinationPath: outside.file("precious"))
        let over = try Self.destination(folder, "b.txt", size: 1, overwrite: true)
        try Self.write([1], 0..<1, to: over)
        try over.finish(size: 1)
        #expect(try outside.read("precious") == [5])
        #expect(try folder.read("b.txt") == [1])
    }

    @Test func openingStaysBelow() throws {
        let folder = try TemporaryFolder()
        try folder.write("inside", [1])
        let root = try OpenFile(path: folder.path, flags: O_RDONLY | O_DIRECTORY)
        for path: ByteString in ["../x", "/etc/passwd", "a/../../etc/passwd"] {
            #expect(throws: SystemError.self) { try OpenFile(below: root, path, flags: O_RDONLY) }
        }
        #expect(try OpenFile(below: root, "inside", flags: O_RDONLY).status().st_size == 1)
    }

    @Test func writesBeyondTheSizeAreRefused() throws {
        let folder = try TemporaryFolder()
        let destination = try Self.destination(folder, "movie.mp4", size: 4)
        #expect(throws: DestinationError.self) { try Self.write([1, 2, 3, 4, 5], 0..<5, to: destination) }
    }

    @Test func modesAreTame() throws {
        let folder = try TemporaryFolder()
        let destination = try Self.destination(folder, "tool", size: 0, mode: 0o6777)
        try destination.finish(size: 0)
        var status = stat()
        #expect(stat(folder.file("tool"), &status) == 0)
        #expect(status.st_mode & 0o7000 == 0)
        #expect(status.st_mode & 0o100 == 0o100)
        let mask = umask(0o077)
        umask(mask)
        #expect(status.st_mode & 0o777 & mask == 0)
    }
}
