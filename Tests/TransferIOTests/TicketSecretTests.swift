import Foundation
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct TicketSecretTests {
    @Test func itIsMadeOnceAndPrivate() throws {
        let folder = try TemporaryFolder()
        let path = TicketSecret.path(folder: ByteString(folder.file("data")), port: 4242)
        let first = try TicketSecret.load(path: path)
        #expect(first.count == TicketSecret.length)
        #expect(try TicketSecret.load(path: path) == first)
        var status = stat()
        #expect(stat(path.description, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("data")) == ["ticket-4242"])
        #expect(try TicketSecret.load(path: TicketSecret.path(folder: ByteString(folder.path), port: 4243)) != first)
    }

    @Test func aNewOneTakesItsPlace() throws {
        let folder = try TemporaryFolder()
        let path = TicketSecret.path(folder: ByteString(folder.path), port: 1)
        let made = try TicketSecret.renew(path: path)
        #expect(try TicketSecret.load(path: path) == made)
        let second = try TicketSecret.renew(path: path)
        #expect(second != made)
        #expect(try TicketSecret.load(path: path) == second)
        #expect(try folder.names() == ["ticket-1"])
    }

    /// A secret that others may have read is not used, and a file that is none is not replaced.
    @Test func aDamagedOrExposedOneIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = TicketSecret.path(folder: ByteString(folder.path), port: 1)
        _ = try TicketSecret.load(path: path)
        chmod(path.description, 0o644)
        #expect(throws: IdentityError.exposed(path.description)) { try TicketSecret.load(path: path) }
        try folder.write("ticket-1", Array("something else".utf8))
        chmod(path.description, 0o600)
        #expect(throws: IdentityError.damaged(path.description)) { try TicketSecret.load(path: path) }
    }
}
