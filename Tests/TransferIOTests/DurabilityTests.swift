import Foundation
import NIOConcurrencyHelpers
import SystemSupport
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// A file counts as done only if it is synced, its name included; if a sync fails, the file counts as lost.
@Suite struct DurabilityTests {
    /// Records the syncs, in order. A sync fails once if it is told to, as the kernel reports such an error.
    private final class Disk: Sendable {
        private let state = NIOLockedValueBox((flushed: [String](), failing: [String: Int32]()))

        var flushed: [String] { state.withLockedValue(\.flushed) }

        func fail(_ label: String, _ code: Int32) { state.withLockedValue { $0.failing[label] = code } }

        func folder(_ folder: TemporaryFolder) throws -> ReceiveFolder {
            try ReceiveFolder(path: folder.path) { [state] (file) throws(SystemError) in
                let code = state.withLockedValue { state in
                    state.flushed.append(file.label)
                    return state.failing.removeValue(forKey: file.label)
                }
                if let code { throw SystemError("flush \(file.label) to the disk", code: code) }
                try file.sync()
            }
        }
    }

    private static func destination(_ folder: ReceiveFolder, _ name: String, size: Int) throws -> DestinationFile {
        try DestinationFile(
            in: folder, name: try #require(SafeName(name)), offer: FileOffer(name: name, size: UInt64(size)),
            senderKey: DestinationFileTests.key)
    }

    @Test(arguments: [EIO, ENOSPC, EDQUOT]) func aFailedFlushIsFinal(code: Int32) throws {
        let folder = try TemporaryFolder()
        let disk = Disk()
        let bytes = [UInt8](repeating: 1, count: 2 << 20)
        let first = try Self.destination(disk.folder(folder), "movie.mp4", size: bytes.count)
        try DestinationFileTests.write(bytes, 0..<bytes.count, to: first)
        disk.fail(folder.file("movie.mp4.part"), code)
        // Not `DestinationFull`, after which the sync would be repeated and succeed.
        #expect {
            try first.finish(size: UInt64(bytes.count))
        } throws: {
            guard case DestinationError.notFlushed(let error) = $0 else { return false }
            return error.code == code
        }
        #expect(throws: DestinationError.self) { try first.finish(size: UInt64(bytes.count)) }
        first.abandon()
        #expect(try folder.names() == [])
        // The next transfer trusts nothing of it.
        let second = try Self.destination(disk.folder(folder), "movie.mp4", size: bytes.count)
        #expect(second.held.isEmpty)
        try DestinationFileTests.write(bytes, 0..<bytes.count, to: second)
        try DestinationFileTests.finish(second, size: bytes.count)
        #expect(try folder.names() == ["movie.mp4"])
    }

    @Test func aNameThatIsNotFlushedIsToldAsSuch() throws {
        let folder = try TemporaryFolder()
        let disk = Disk()
        let destination = try Self.destination(disk.folder(folder), "movie.mp4", size: 1)
        try DestinationFileTests.write([1], 0..<1, to: destination)
        disk.fail(folder.path, EIO)
        #expect {
            try destination.finish(size: 1)
        } throws: {
            "\($0)".hasPrefix("it is stored as movie.mp4, but may be lost after a power cut: cannot flush ")
        }
        #expect(try folder.names() == ["movie.mp4"])
        #expect(destination.record == nil)
    }

    @Test func newFoldersAreFlushedInTheirParents() throws {
        let folder = try TemporaryFolder()
        let disk = Disk()
        let receive = try disk.folder(folder)
        let destination = try Self.destination(receive, "a/b/movie.mp4", size: 1)
        #expect(disk.flushed == [folder.path, folder.file("a")])
        try DestinationFileTests.write([1], 0..<1, to: destination)
        try DestinationFileTests.finish(destination, size: 1)
        #expect(disk.flushed.dropFirst(2) == [folder.file("a/b/movie.mp4.part"), folder.file("a/b")])
        // Folders that exist already need no sync.
        _ = try Self.destination(receive, "a/b/other", size: 1)
        #expect(disk.flushed.count == 4)
        // A folder whose sync failed is removed.
        disk.fail(folder.path, EIO)
        #expect(throws: DestinationError.self) { try Self.destination(receive, "c/movie.mp4", size: 1) }
        #expect(try folder.names() == ["a"])
        #expect(try Self.destination(receive, "c/movie.mp4", size: 1).held.isEmpty)
    }

    @Test func theReceiveFolderItselfIsFlushedInItsParent() throws {
        let folder = try TemporaryFolder()
        let flushed = NIOLockedValueBox<[String]>([])
        for _ in 0..<2 {
            _ = try ReceiveFolder(path: folder.file("new"), create: true) { (file) throws(SystemError) in
                flushed.withLockedValue { $0.append(file.label) }
                #expect(throws: Never.self) { try file.sync() }
            }
        }
        #expect(flushed.withLockedValue { $0 } == [folder.file("new/..")])
    }
}
