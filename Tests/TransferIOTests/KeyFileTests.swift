import Foundation
import NetworkIO
import SystemSupport
import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct IdentityTests {
    @Test func isMadeOnceAndPrivate() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("deep/er/transfer-key")
        let first = try Identity.load(path: path)
        #expect(try Identity.load(path: path).publicKey == first.publicKey)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("deep/er")) == ["transfer-key"])
    }

    @Test func manyAtOnceAgree() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("transfer-key")
        let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try Identity.load(path: path).publicKey } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
    }

    @Test func aDamagedOrExposedOneIsNotReplaced() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("transfer-key")
        try folder.write("transfer-key", Array("something else".utf8))
        chmod(path, 0o600)
        #expect(throws: IdentityError.damaged(path)) { try Identity.load(path: path) }
        #expect(try folder.read("transfer-key") == Array("something else".utf8))
        chmod(path, 0o644)
        #expect(throws: IdentityError.exposed(path)) { try Identity.load(path: path) }
    }
}

@Suite struct KnownPeersTests {
    @Test func firstSightThenPinned() throws {
        let folder = try TemporaryFolder()
        let peers = KnownPeers(path: folder.file("known/peers"))
        let one = try #require(HostPort("example.org:9999"))
        let two = try #require(HostPort("[::1]:9999"))
        let key = [UInt8](repeating: 1, count: 32)
        let other = [UInt8](repeating: 2, count: 32)
        #expect(try peers.check(one, key: key) == .new)
        try peers.add(one, key: key)
        try peers.add(two, key: other)
        #expect(try peers.check(one, key: key) == .known)
        #expect(try peers.check(one, key: other) == .changed(expected: key))
        #expect(try peers.check(two, key: other) == .known)
        #expect(try peers.key(of: one) == key)
        try peers.add(one, key: other)
        #expect(try peers.check(one, key: other) == .known)
        // All keys of that peer are removed, and nothing else.
        #expect(try peers.forget(one))
        #expect(try peers.check(one, key: other) == .new && peers.check(two, key: other) == .known)
        #expect(try !peers.forget(one))
        #expect(try folder.names() == ["known"] && FileManager.default.contentsOfDirectory(atPath: folder.file("known")) == ["peers"])
    }

    @Test func fingerprintsDiffer() {
        let text = KeyFingerprint.text(of: [UInt8](repeating: 1, count: 32))
        #expect(text.count == 39)
        #expect(text != KeyFingerprint.text(of: [UInt8](repeating: 2, count: 32)))
    }

    @Test func hex() {
        #expect(Hex.encode([0, 0xAB, 0xFF]) == "00abff")
        #expect(Hex.decode("00aBFf") == [0, 0xAB, 0xFF])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("0g") == nil)
    }
}

@Suite(.longComputation) struct SharedSecretTests {
    @Test func isReadStretchedAndNotTooShort() throws {
        let folder = try TemporaryFolder()
        try folder.write("secret", Array("correct horse\nbattery\n".utf8))
        let secret = try SharedSecret.read(path: folder.file("secret"))
        #expect(secret == "correct horse")
        let key = try SharedSecret.preSharedKey(of: secret)
        #expect(key.count == 32)
        #expect(try SharedSecret.preSharedKey(of: "correct horsf") != key)
        try folder.write("short", Array("1234567\n12345678\n".utf8))
        #expect(throws: SharedSecretError.tooShort) { try SharedSecret.read(path: folder.file("short")) }
        #expect(throws: SystemError.self) { try SharedSecret.read(path: folder.file("nothing")) }
    }
}
