import Foundation
import SystemSupport
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct StreamTests {
    final class Pipe {
        let read, write: Int32
        private var isWriteOpen = true, isReadOpen = true
        init() throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw SystemError("make a pipe") }
            (read, write) = (ends[0], ends[1])
        }
        func closeWrite() {
            if isWriteOpen { close(write) }
            isWriteOpen = false
        }
        /// Records that somebody else has closed the write end.
        func forgetWrite() { isWriteOpen = false }
        func closeRead() {
            if isReadOpen { close(read) }
            isReadOpen = false
        }
        func readBytes(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let got = Foundation.read(read, &bytes, count)
            return Array(bytes.prefix(max(got, 0)))
        }
        deinit {
            closeWrite()
            closeRead()
        }
    }

    @Test func aPipeIsReadInOrderAndNeverWaitedFor() throws {
        let pipe = try Pipe()
        let source = StreamSource(descriptor: pipe.read, name: "stdin")
        #expect(source.offer.size == nil)
        #expect(throws: SourceNotReady(descriptor: pipe.read)) { try SourceFileTests.read(source, 10, at: 0) }
        #expect(Foundation.write(pipe.write, "hello", 5) == 5)
        #expect(try SourceFileTests.read(source, 3, at: 0) == Array("hel".utf8))
        #expect(try SourceFileTests.read(source, 10, at: 3) == Array("lo".utf8))
        #expect(throws: SourceNotReady.self) { try SourceFileTests.read(source, 10, at: 5) }
        #expect(Foundation.write(pipe.write, "!", 1) == 1)
        pipe.closeWrite()
        #expect(try SourceFileTests.read(source, 10, at: 5) == Array("!".utf8))
        #expect(try SourceFileTests.read(source, 10, at: 6) == [])
    }

    static func write(_ bytes: [UInt8], at offset: Int, to destination: StreamDestination) throws {
        try bytes.withUnsafeBytes { try destination.write($0, at: UInt64(offset)) }
    }

    @Test func onlyInOrder() throws {
        let pipe = try Pipe()
        let destination = StreamDestination(descriptor: pipe.write)
        #expect(throws: DestinationError.self) { try Self.write(Array("world".utf8), at: 6, to: destination) }
        try Self.write(Array("hello".utf8), at: 0, to: destination)
        #expect(throws: DestinationError.self) { try destination.finish(size: 6) }
        #expect(pipe.readBytes(100) == Array("hello".utf8))
        try destination.finish(size: 5)
    }

    /// A pipe buffers 64 KiB: a slow reader stops the writer, and yet every byte arrives once and in order.
    @Test(arguments: 0..<8 as Range<UInt64>) func aSlowReader(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pipe = try Pipe()
        let destination = StreamDestination(descriptor: pipe.write)
        let bytes = random.bytes(400_000)
        var got: [UInt8] = []
        var stops = 0
        for start in stride(from: 0, to: bytes.count, by: 16_384) {
            while true {
                do {
                    try Self.write(Array(bytes[start..<min(start + 16_384, bytes.count)]), at: start, to: destination)
                    break
                } catch is DestinationBusy {
                    stops += 1
                    got += pipe.readBytes(Int.random(in: 1..<70_000, using: &random))
                }
            }
        }
        #expect(stops > 0)
        try destination.finish(size: UInt64(bytes.count))
        pipe.closeWrite()
        while true {
            let more = pipe.readBytes(65_536)
            if more.isEmpty { break }
            got += more
        }
        #expect(got == bytes, "seed \(seed)")
    }

    @Test func aReaderThatLeavesIsTold() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try Pipe()
        let destination = StreamDestination(descriptor: pipe.write)
        pipe.closeRead()
        #expect(throws: OutputClosed()) { try Self.write([1], at: 0, to: destination) }
    }

    /// Entries that are too deep for a receiver, have a name too long for one, or cannot be read: each fails by itself.
    @Test func whatCannotBeSentDoesNotStopTheRest() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("photos/closed"), withIntermediateDirectories: true)
        try folder.write("photos/a.jpg", [1])
        try folder.write("photos/closed/b.jpg", [1])
        try folder.write("photos/z.jpg", [1])
        try folder.write("photos/secret.jpg", [1])
        let long = String(repeating: "x", count: 250)
        try FileManager.default.createDirectory(atPath: folder.file("photos/deep"), withIntermediateDirectories: true)
        var deep = open(folder.file("photos/deep"), O_RDONLY | O_DIRECTORY)
        for depth in 0..<70 {
            // Long names make the path long too.
            let name = depth < 20 ? long : "d"
            #expect(mkdirat(deep, name, 0o700) == 0)
            let next = openat(deep, name, O_RDONLY | O_DIRECTORY)
            #expect(next >= 0)
            close(deep)
            deep = next
        }
        close(deep)
        #expect(chmod(folder.file("photos/secret.jpg"), 0) == 0 && chmod(folder.file("photos/closed"), 0) == 0)
        defer { chmod(folder.file("photos/closed"), 0o700) }
        let listing = try SourceFolder.list(path: folder.file("photos"))
        let names = listing.sources.map(\.offer.name)
        #expect(names.contains("photos/a.jpg") && names.contains("photos/z.jpg"))
        var failures = [ENAMETOOLONG: 1]
        // The superuser may read it.
        if geteuid() != 0 { failures[EACCES] = 2 }
        #expect(Dictionary(listing.failures.map { ($0.error.code, 1) }, uniquingKeysWith: +) == failures)
        #expect(names.contains("photos/closed") == (geteuid() == 0))
        // A file that was removed after the listing.
        #expect(unlink(folder.file("photos/z.jpg")) == 0)
        let gone = try #require(listing.sources.first { $0.offer.name == "photos/z.jpg" } as? SourceFile)
        #expect { try SourceFileTests.read(gone, 1, at: 0) } throws: { ($0 as? SystemError)?.code == ENOENT }
    }

    @Test func aFolderIsListedWithoutFollowingLinks() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("photos/2026"), withIntermediateDirectories: true)
        try folder.write("photos/a.jpg", [1])
        try folder.write("photos/2026/b.jpg", [1, 2])
        try FileManager.default.createSymbolicLink(atPath: folder.file("photos/loop"), withDestinationPath: "..")
        // A name in Latin-1.
        let latin = Array(folder.file("photos/caf").utf8) + [0xE9, 0]
        let descriptor = open(latin.map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o600)
        #expect(descriptor >= 0)
        close(descriptor)
        let listing = try SourceFolder.list(path: folder.file("photos"))
        #expect(listing.sources.map(\.offer.name) == ["photos", "photos/2026", "photos/2026/b.jpg", "photos/a.jpg"])
        #expect(listing.sources.map(\.offer.kind) == [.directory, .directory, .file, .file])
        #expect(listing.skipped == [folder.file("photos/loop")])
        #expect(listing.withoutName == [folder.file("photos/caf\u{FFFD}")])
        #expect(try SourceFileTests.read(try #require(listing.sources[2] as? SourceFile), 10, at: 0) == [1, 2])

        let target = try TemporaryFolder()
        let receive = try ReceiveFolder(path: target.path)
        try DestinationFolder(in: receive, name: try #require(SafeName("photos/2026")), mode: 0o755).finish(size: 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.file("photos")) == ["2026"])
    }

    /// Whoever has no access to the folder at its source has none here; the mode of an existing folder is not changed.
    @Test func aFolderThatIsMadeHasItsMode() throws {
        let target = try TemporaryFolder()
        #expect(mkdir(target.file("old"), 0o755) == 0)
        let receive = try ReceiveFolder(path: target.path + "//")
        #expect(receive.path == target.path)
        // A file in it may arrive first.
        _ = try receive.open(["new", "inner"][...])
        for (name, mode) in [("old", 0o700), ("new", 0o500), ("new/inner", 0o755)] {
            try DestinationFolder(in: receive, name: try #require(SafeName(name)), mode: UInt32(mode)).finish(size: 0)
        }
        func mode(_ name: String) -> mode_t {
            var status = stat()
            return stat(target.file(name), &status) == 0 ? status.st_mode & 0o777 : 0
        }
        #expect(mode("old") == 0o755)
        #expect(mode("new") == 0o700, "and its owner can put in what is still to come")
        #expect(mode("new/inner") == 0o755 & ~FileMask.value)
    }
}
