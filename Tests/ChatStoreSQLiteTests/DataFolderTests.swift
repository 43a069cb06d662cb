import Foundation
import SystemSupport
import TestSupport
import Testing

@testable import ChatStoreSQLite

@Suite struct DataFolderTests {
    @Test func itIsMadePrivateWithWhatIsAboveIt() throws {
        let temporary = try TemporaryFolder()
        let folder = DataFolder(temporary.file("a/b/data"))
        try folder.prepare()
        _ = try Store(folder)
        #expect(try mode(folder.path) == 0o700)
        #expect(try mode(folder.database) == 0o600)
        try folder.prepare()
    }

    @Test func aFolderOfSomethingElseKeepsItsMode() throws {
        let temporary = try TemporaryFolder()
        try Data().write(to: URL(filePath: temporary.file("somebody's")))
        chmod(temporary.path, 0o755)
        try DataFolder(temporary.path).prepare()
        #expect(try mode(temporary.path) == 0o755)
    }

    @Test func aFileInItsPlaceIsAnErrorOfOneLine() throws {
        let temporary = try TemporaryFolder()
        try Data().write(to: URL(filePath: temporary.file("data")))
        #expect(throws: UserFacingError("The data folder \(temporary.file("data")) is not a folder.")) {
            try DataFolder(temporary.file("data")).prepare()
        }
    }

    /// A service's folder may lie in one that is closed to others, as under systemd's dynamic users. The error must not claim that it is no
    /// folder.
    @Test(.enabled(if: geteuid() != 0, "root may look into everything")) func aFolderThatIsClosedToUsIsNoOtherThing() throws {
        let temporary = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: temporary.file("private/data"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: temporary.file("data"), withDestinationPath: "private/data")
        chmod(temporary.file("private"), 0)
        defer { chmod(temporary.file("private"), 0o700) }
        #expect(throws: UserFacingError("The data folder \(temporary.file("data")) cannot be used: Permission denied")) {
            try DataFolder(temporary.file("data")).prepare()
        }
    }

    @Test func aSecondServerIsRefusedByTheFirstOnesPid() throws {
        let temporary = try TemporaryFolder()
        let folder = DataFolder(temporary.path)
        let lock = try DataFolderLock(folder)
        #expect(
            throws: UserFacingError(
                "The data folder \(folder.path) is in use by the server with pid \(getpid()). Stop that server, or choose another folder with --data."
            )
        ) {
            try DataFolderLock(folder)
        }
        #expect(DataFolderLock.holder(of: folder) == getpid())
        lock.release()
        #expect(DataFolderLock.holder(of: folder) == nil)
        _ = try DataFolderLock(folder)
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }
}
