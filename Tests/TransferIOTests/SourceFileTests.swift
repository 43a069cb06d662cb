import Crypto
import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct SourceFileTests {
    static func read(_ source: some TransferSource, _ count: Int, at offset: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBytes { try source.read(into: $0, at: UInt64(offset)) }
        return Array(bytes.prefix(got))
    }

    @Test func isOfferedAndRead() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let source = try SourceFile(path: try folder.write("movie.mp4", bytes))
        #expect(source.offer.name == "movie.mp4")
        #expect(source.offer.size == 100_000)
        #expect(try Self.read(source, 1000, at: 50_000) == Array(bytes[50_000..<51_000]))
        #expect(try Self.read(source, 1000, at: 99_500) == Array(bytes[99_500...]))
        #expect(try Self.read(source, 10, at: 0) == Array(bytes[..<10]))
        #expect(source.isUnchanged())
        #expect(try SourceFile(path: folder.file("movie.mp4"), name: "other").offer.name == "other")
    }

    @Test func heldPartsAreCompared() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let source = try SourceFile(path: try folder.write("movie.mp4", bytes))
        let digest = Array(SHA256.hash(data: bytes[100..<200]))
        #expect(try source.matches(HeldRange(range: 100..<200, digest: digest)))
        #expect(try !source.matches(HeldRange(range: 101..<201, digest: digest)))
        #expect(try !source.matches(HeldRange(range: 900..<2000, digest: Array(SHA256.hash(data: bytes[900...])))))
    }

    @Test(arguments: ["appended", "rewritten", "rewritten with its time set back", "cut", "replaced"])
    func aChangeIsNoticed(how: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("movie.mp4", [UInt8](repeating: 1, count: 1000))
        let source = try SourceFile(path: path)
        _ = try Self.read(source, 100, at: 0)
        // A change within the resolution of the file system's clock is not seen: this one is not.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        let fresh = try SourceFile(path: path)
        _ = try Self.read(fresh, 100, at: 0)
        #expect(!source.isUnchanged())
        let handle = try #require(FileHandle(forWritingAtPath: path))
        switch how {
        case "appended":
            try handle.seekToEnd()
            try handle.write(contentsOf: [2])
        case "rewritten": try handle.write(contentsOf: [2])
        case "rewritten with its time set back":
            var before = stat()
            #expect(stat(path, &before) == 0)
            // Until the file system's clock has moved on.
            var after = before
            while after.st_ctim.tv_sec == before.st_ctim.tv_sec, after.st_ctim.tv_nsec == before.st_ctim.tv_nsec {
                try handle.seek(toOffset: 0)
                try handle.write(contentsOf: [2])
                #expect(utimensat(AT_FDCWD, path, [before.st_atim, before.st_mtim], 0) == 0)
                #expect(stat(path, &after) == 0)
            }
            #expect(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
        case "cut": try handle.truncate(atOffset: 10)
        default:
            // The old file lives on behind its descriptor: renaming over it, as editors do, harms nothing.
            try folder.write("new", [9, 9])
            #expect(rename(folder.file("new"), path) == 0)
            #expect(try Self.read(fresh, 1000, at: 0) == [UInt8](repeating: 1, count: 1000))
            return
        }
        try handle.close()
        #expect(!fresh.isUnchanged())
        #expect(throws: SourceError.changed("movie.mp4")) { try Self.read(fresh, 1000, at: 0) }
    }

    /// They say that their size is 0.
    @Test func filesWithoutASizeAreNotSentWithAFolder() throws {
        let listing = try SourceFolder.list(path: "/proc/sys/kernel/random")
        #expect(listing.withoutSize.contains("/proc/sys/kernel/random/uuid"))
        #expect(listing.sources.map(\.offer.name) == ["random"])
    }

    @Test func whatIsNoFileIsNamed() throws {
        let folder = try TemporaryFolder()
        #expect(throws: SourceError.isFolder(folder.path)) { try SourceFile(path: folder.path) }
        #expect(throws: SourceError.notAFile("/dev/null")) { try SourceFile(path: "/dev/null") }
        #expect(throws: SourceError.withoutSize("/proc/cpuinfo")) { try SourceFile(path: "/proc/cpuinfo") }
        #expect { try SourceFile(path: folder.file("nothing")) } throws: { ($0 as? SystemError)?.code == ENOENT }
    }

    @Test(arguments: [("/home/yoda/movie.mp4", "movie.mp4"), ("movie.mp4", "movie.mp4"), ("a/b/", "b"), ("/", "file")])
    func lastPart(path: String, name: String) throws { #expect(try SourceFile.lastPart(of: path) == name) }
}
