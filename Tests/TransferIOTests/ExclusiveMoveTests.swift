import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

/// File systems with fewer features; `PoorDiskTests` uses a real one.
@Suite struct ExclusiveMoveTests {
    static let withoutRename = ExclusiveMove(rename: { _, _, _ in EINVAL }, link: ExclusiveMove.system.link)
    static let withoutEither = ExclusiveMove(rename: { _, _, _ in EINVAL }, link: { _, _, _ in EPERM })

    private func move(_ move: ExclusiveMove, _ from: String, _ to: String, in folder: TemporaryFolder) -> Int32 {
        move(in: AT_FDCWD, from: ByteString(folder.file(from)), to: ByteString(folder.file(to)))
    }

    @Test(arguments: [0, 1, 2]) func nothingIsReplaced(kind: Int) throws {
        let way = [ExclusiveMove.system, Self.withoutRename, Self.withoutEither][kind]
        let folder = try TemporaryFolder()
        try folder.write("a", [1])
        try folder.write("taken", [9])
        #expect(move(way, "a", "taken", in: folder) == EEXIST)
        #expect(try folder.read("taken") == [9])
        #expect(move(way, "a", "b", in: folder) == 0)
        #expect(try folder.read("b") == [1])
        #expect(try folder.names() == ["b", "taken"])
    }

    /// Of many that claim one name, one gets it.
    @Test func oneOfManyGetsTheName() async throws {
        let folder = try TemporaryFolder()
        for index in 0..<16 { try folder.write("\(index)", [UInt8(index)]) }
        let codes = await withTaskGroup(of: Int32.self) { group in
            for index in 0..<16 { group.addTask { self.move(Self.withoutEither, "\(index)", "x", in: folder) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.count { $0 == 0 } == 1)
        #expect(codes.count { $0 == EEXIST } == 15)
        #expect(try folder.names().count == 16)
    }

    @Test func whatCannotBeMovedLeavesNothing() throws {
        let folder = try TemporaryFolder()
        #expect(move(Self.withoutEither, "missing", "b", in: folder) == ENOENT)
        #expect(try folder.names().isEmpty)
    }

    @Test func otherErrorsAreTold() throws {
        let folder = try TemporaryFolder()
        try folder.write("a", [1])
        let full = ExclusiveMove(rename: { _, _, _ in ENOSPC }, link: { _, _, _ in EPERM })
        #expect(move(full, "a", "b", in: folder) == ENOSPC)
        #expect(try folder.names() == ["a"])
    }

    /// Otherwise others could see an empty key.
    @Test func manyThatStartAtOnceAgreeOnAKey() async throws {
        let folder = try TemporaryFolder()
        let path = ByteString(folder.file("deep/transfer-key"))
        let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try Identity.load(path, Self.withoutEither).publicKey } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
        #expect(try Identity.load(path: path).publicKey == keys.first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("deep")) == ["transfer-key"])
    }

    /// A crash may leave an empty file.
    @Test func anEmptyKeyFileIsFilled() throws {
        let folder = try TemporaryFolder()
        chmod(try folder.write("transfer-key", []), 0o600)
        let key = try Identity.load(path: folder.file("transfer-key"))
        #expect(try Identity.load(path: folder.file("transfer-key")).publicKey == key.publicKey)
    }
}
