import Crypto
import Foundation
import SystemSupport
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
        // A change within the resolution of the file system's clock could be missed; this one is far apart.
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
            // Repeats until the file system's clock has advanced.
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
            // The old file remains accessible by its descriptor: renaming another over it, as editors do, does no harm.
            try folder.write("new", [9, 9])
            #expect(rename(folder.file("new"), path) == 0)
            #expect(try Self.read(fresh, 1000, at: 0) == [UInt8](repeating: 1, count: 1000))
            return
        }
        try handle.close()
        #expect(!fresh.isUnchanged())
        #expect(throws: SourceError.changed("movie.mp4")) { try Self.read(fresh, 1000, at: 0) }
    }

    /// They report a size of 0.
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

    /// Whether writes to temporary files can be watched.
    static let watches: Bool = {
        guard let folder = try? TemporaryFolder(), let file = try? OpenFile(path: folder.path, flags: O_RDONLY) else { return false }
        return WriteWatch(file.descriptor) != nil
    }()

    /// None of these changes a byte, alone or together, however often.
    @Test(
        .enabled(if: watches, "temporary files are on a file system that other machines may write to"),
        arguments: ["before the first byte", "while it is read", "between two looks at its bytes"])
    func aNewModeNameOrLinkIsNoChange(when: String) throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let path = try folder.write("movie.mp4", bytes)
        let source = try SourceFile(path: path)
        let digest = Array(SHA256.hash(data: bytes[0..<100]))
        switch when {
        case "while it is read": #expect(try Self.read(source, 100, at: 0) == Array(bytes[..<100]))
        case "between two looks at its bytes": #expect(try source.matches(HeldRange(range: 0..<100, digest: digest)))
        default: break
        }
        var before = stat()
        var after = stat()
        #expect(stat(path, &before) == 0)
        repeat {
            #expect(chmod(path, 0o640) == 0 && chmod(path, 0o600) == 0)
            #expect(chown(path, getuid(), getgid()) == 0)
            #expect(link(path, folder.file("other")) == 0 && unlink(folder.file("other")) == 0)
            #expect(rename(path, folder.file("renamed")) == 0)
            #expect(rename(folder.file("renamed"), path) == 0)
            #expect(stat(path, &after) == 0)
        } while before.st_ctim.tv_sec == after.st_ctim.tv_sec && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec
        #expect(rename(path, folder.file("elsewhere")) == 0)
        #expect(source.isUnchanged())
        #expect(try Self.read(source, 900, at: 100) == Array(bytes[100...]))
        #expect(source.isUnchanged())
    }

    /// A write counts as a change, whatever else is changed with it.
    @Test(
        .enabled(if: watches, "temporary files are on a file system that other machines may write to"),
        arguments: ["written", "through a mapping"])
    func aNewLinkHidesNoChange(how: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("movie.mp4", [UInt8](repeating: 1, count: 8192))
        let source = try SourceFile(path: path)
        _ = try Self.read(source, 100, at: 0)
        var before = stat()
        #expect(stat(path, &before) == 0)
        let descriptor = open(path, O_RDWR)
        #expect(descriptor >= 0)
        if how == "written" {
            #expect(pwrite(descriptor, [UInt8(2)], 1, 5000) == 1)
        } else {
            let memory = try #require(mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
            memory.storeBytes(of: 2, toByteOffset: 5000, as: UInt8.self)
            #expect(munmap(memory, 8192) == 0)
        }
        #expect(futimens(descriptor, [before.st_atim, before.st_mtim]) == 0)
        close(descriptor)
        var after = stat()
        repeat {
            #expect(link(path, folder.file("other")) == 0)
            #expect(stat(path, &after) == 0)
            #expect(unlink(folder.file("other")) == 0)
        } while before.st_ctim.tv_sec == after.st_ctim.tv_sec && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec
        #expect(link(path, folder.file("other")) == 0)
        #expect(!source.isUnchanged())
        #expect(throws: SourceError.changed("movie.mp4")) { try Self.read(source, 8092, at: 100) }
    }

    /// Two transfers of the same file watch it independently.
    @Test(.enabled(if: watches, "temporary files are on a file system that other machines may write to")) func twoWatchOneFile() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("movie.mp4", [1, 2, 3])
        let file = try OpenFile(path: path, flags: O_RDWR)
        let first = try #require(WriteWatch(file.descriptor))
        var second = WriteWatch(file.descriptor)
        #expect(second?.hasSeenWrite == false)
        second = nil
        #expect(pwrite(file.descriptor, [UInt8(9)], 1, 0) == 1)
        #expect(first.hasSeenWrite)
        #expect(WriteWatch(file.descriptor)?.hasSeenWrite == false)
    }

    @Test(arguments: [("home/movie.mp4", "movie.mp4"), ("home/a/b/", "b"), ("home/a//", "a"), ("home/\u{301}x", "\u{301}x")])
    func isCalledAsItWasNamed(path: String, name: String) throws { #expect(try SourceName.of(path) == name) }

    /// Paths that name a place rather than a name.
    @Test(arguments: [("/.", "yoda"), ("/./", "yoda"), ("/a/..", "yoda"), ("/a/b/../.", "a"), ("/link/.", "a")])
    func isCalledAsItIs(path: String, name: String) throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("yoda/a/b"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: folder.file("yoda/link"), withDestinationPath: "a")
        #expect(try SourceName.of(folder.file("yoda") + path) == name)
        #expect(try SourceFolder.list(path: folder.file("yoda") + path).sources.first?.offer.name == name)
    }

    @Test(arguments: ["/", "//", "/.", "/..", "/../"]) func theRootHasNoName(path: String) throws {
        #expect(throws: SourceError.nameless(path)) { try SourceName.of(path) }
        #expect { try SourceName.of("/nowhere/..") } throws: { ($0 as? SystemError)?.code == ENOENT }
    }
}
