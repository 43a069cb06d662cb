import Foundation
import TestSupport
import Testing

@testable import ChatClient

@Suite struct KnownHostsTests {
    private static let one = Fingerprint(ofCertificate: [1])
    private static let two = Fingerprint(ofCertificate: [2])
    private let server = KnownHosts.Server(host: "Chat.Example", port: 6697)
    private let local = KnownHosts.Server(host: "::1", port: 6697)

    @Test func aServerIsRememberedAndForgotten() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/new/deep/known_hosts")
        #expect(try hosts.record(of: server) == nil)
        #expect(try !hosts.forget(server))
        try hosts.put(.key(Self.one), of: server)
        try hosts.put(.key(Self.two), of: local)
        #expect(try hosts.record(of: .init(host: "chat.example", port: 6697)) == .key(Self.one))
        #expect(try hosts.record(of: .init(host: "chat.example", port: 6698)) == nil)
        try hosts.put(.vouched, of: server)
        #expect(try hosts.record(of: server) == .vouched)
        let text = try String(contentsOfFile: hosts.path, encoding: .utf8)
        #expect(text == "[::1]:6697 \(Self.two)\nchat.example:6697 vouched\n")
        #expect(try FileManager.default.attributesOfItem(atPath: hosts.path)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/new/deep") == ["known_hosts"])
        let wasThere = try hosts.forget(server)
        let isStillThere = try hosts.forget(server)
        #expect(wasThere && !isStillThere)
        #expect(try hosts.record(of: server) == nil)
        #expect(try hosts.record(of: local) == .key(Self.two))
    }

    @Test func linesOfOthersAreLeftAlone() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        let others =
            Array("# mine\nchat.example:6697 garbage\n\u{E9}\n".utf8) + [0xE9, 0xFF, 0x0A]
            + Array("chat.example:6697 in three words\n".utf8)
        try folder.write("known_hosts", others)
        #expect(try hosts.record(of: server) == nil)
        try hosts.put(.key(Self.one), of: server)
        #expect(try folder.read("known_hosts") == others + Array("chat.example:6697 \(Self.one)\n".utf8))
    }

    /// Lines of older versions, which did not normalise names, and of editors on other systems.
    @Test(arguments: ["CHAT.example:6697", "chat.example.:6697"]) func whatIsOneServerIsFound(place: String) throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        try folder.write("known_hosts", Array("[0:0:0:0:0:0:0:1]:6697 \(Self.two)\r\n127.1:1 \(Self.two)\r\n\(place) \(Self.one)\r\n".utf8))
        #expect(try hosts.record(of: server) == .key(Self.one))
        #expect(try hosts.record(of: local) == .key(Self.two))
        #expect(try hosts.record(of: .init(host: "127.0.0.1", port: 1)) == .key(Self.two))
        try hosts.put(.vouched, of: server)
        #expect(
            String(decoding: try folder.read("known_hosts"), as: UTF8.self).hasSuffix("127.1:1 \(Self.two)\r\nchat.example:6697 vouched\n"))
    }

    /// An older version does not know `vouched` and appends a key: then the key was accepted last.
    @Test func theLastLineCounts() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        try folder.write("known_hosts", Array("chat.example:6697 vouched\nchat.example:6697 \(Self.one)\n".utf8))
        #expect(try hosts.record(of: server) == .key(Self.one))
        try hosts.put(.key(Self.two), of: server)
        #expect(try folder.read("known_hosts") == Array("chat.example:6697 \(Self.two)\n".utf8))
    }

    /// An incomplete line shows that something was recorded: the server does not count as unknown.
    @Test(arguments: [
        "chat.example:6697", "chat.example:6697 ", "chat.example:6697 SHA256:4B:F5", "chat.example:6697 vou", "chat.example:6697 SHA",
    ])
    func aLineWrittenByHalfIsNotPassedOver(line: String) throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        try folder.write("known_hosts", Array("[::1]:6697 \(Self.two)\n\(line)".utf8))
        let failure = KnownHosts.Failure(
            message: "\(hosts.path) is damaged: line 2, about chat.example:6697, cannot be read. Correct or remove it.")
        #expect(throws: failure) { try hosts.record(of: server) }
        #expect(throws: failure) { try hosts.remember(.vouched, of: server, insteadOf: nil) }
        #expect(try hosts.record(of: local) == .key(Self.two))
        #expect(try hosts.forget(server))
        #expect(try hosts.record(of: server) == nil)
    }

    @Test func aFileOfZeroBytesIsNotTakenForNothingKnown() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        try folder.write("known_hosts", [UInt8](repeating: 0, count: 200))
        #expect(throws: KnownHosts.Failure(message: "\(hosts.path) is damaged: it contains NUL bytes. Correct or remove it.")) {
            try hosts.record(of: server)
        }
    }

    @Test func aPlaceThatCannotBeReadIsNotTakenForNothingKnown() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", [])
        let hosts = KnownHosts(path: folder.path + "/file/known_hosts")
        #expect(throws: KnownHosts.Failure(message: "Cannot read \(hosts.path): Not a directory.")) { try hosts.record(of: server) }
    }

    @Test func aPlaceThatCannotBeWrittenIsSaid() {
        let hosts = KnownHosts(path: "/proc/nowhere/known_hosts")
        #expect(throws: KnownHosts.Failure(message: "Cannot write /proc/nowhere/known_hosts: No such file or directory.")) {
            try hosts.remember(.key(Self.one), of: server, insteadOf: nil)
        }
    }

    @Test func whatAnotherClientHasLearntMeanwhileIsNotOverwritten() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        #expect(try hosts.remember(.key(Self.one), of: server, insteadOf: nil))
        #expect(try !hosts.remember(.key(Self.two), of: server, insteadOf: nil))
        #expect(try !hosts.remember(.vouched, of: server, insteadOf: .key(Self.two)))
        #expect(try hosts.record(of: server) == .key(Self.one))
        #expect(try hosts.remember(.vouched, of: server, insteadOf: .key(Self.one)))
        #expect(try hosts.record(of: server) == .vouched)
    }

    @Test func manyClientsAtOnceLoseNothing() async throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for port in 1...64 { group.addTask { try hosts.put(.key(Self.one), of: .init(host: "chat.example", port: port)) } }
            try await group.waitForAll()
        }
        for port in 1...64 { #expect(try hosts.record(of: .init(host: "chat.example", port: port)) == .key(Self.one)) }
        #expect(try folder.names() == ["known_hosts"])
    }

    @Test func fingerprintsAreReadAsTheyAreShownAndAsOpenSSLShowsThem() {
        let shown = Self.one.description
        #expect(shown.hasPrefix("SHA256:4B:F5:12"))
        #expect(Fingerprint(shown) == Self.one)
        #expect(Fingerprint("sha256 Fingerprint=" + shown.dropFirst(7)) == Self.one)
        #expect(Fingerprint(shown.dropFirst(7).replacing(":", with: "").lowercased()) == Self.one)
        for wrong in ["", "SHA256:", String(shown.dropLast()), shown + "0", shown.replacing("4B", with: "4G")] {
            #expect(Fingerprint(wrong) == nil)
        }
    }
}

extension KnownHosts {
    /// Records a server, whatever its record was.
    func put(_ record: Record, of server: Server) throws {
        while try !remember(record, of: server, insteadOf: self.record(of: server)) {}
    }
}
