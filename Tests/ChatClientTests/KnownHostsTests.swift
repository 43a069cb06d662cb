import Foundation
import TestSupport
import Testing

@testable import ChatClient

@Suite struct KnownHostsTests {
    private static let one = Fingerprint(ofCertificate: [1])
    private static let two = Fingerprint(ofCertificate: [2])
    private let server = KnownHosts.Server(host: "Chat.Example", port: 6697)

    @Test func aKeyIsRememberedAndForgotten() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/new/deep/known_hosts")
        #expect(try hosts.fingerprint(of: server) == nil)
        try hosts.remember(Self.one, of: server)
        try hosts.remember(Self.two, of: .init(host: "::1", port: 6697))
        #expect(try hosts.fingerprint(of: .init(host: "chat.example", port: 6697)) == Self.one)
        #expect(try hosts.fingerprint(of: .init(host: "chat.example", port: 6698)) == nil)
        try hosts.remember(Self.two, of: server)
        #expect(try hosts.fingerprint(of: server) == Self.two)
        let text = try String(contentsOfFile: hosts.path, encoding: .utf8)
        #expect(text == "[::1]:6697 \(Self.two)\nchat.example:6697 \(Self.two)\n")
        #expect(try FileManager.default.attributesOfItem(atPath: hosts.path)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/new/deep") == ["known_hosts"])
        let wasThere = try hosts.forget(server)
        let isStillThere = try hosts.forget(server)
        #expect(wasThere && !isStillThere)
        #expect(try hosts.fingerprint(of: server) == nil)
        #expect(try hosts.fingerprint(of: .init(host: "::1", port: 6697)) == Self.two)
    }

    @Test func linesOfOthersAreLeftAlone() throws {
        let folder = try TemporaryFolder()
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        try "# mine\nchat.example:6697 garbage\n".write(toFile: hosts.path, atomically: false, encoding: .utf8)
        #expect(try hosts.fingerprint(of: server) == nil)
        try hosts.remember(Self.one, of: server)
        let text = try String(contentsOfFile: hosts.path, encoding: .utf8)
        #expect(text == "# mine\nchat.example:6697 garbage\nchat.example:6697 \(Self.one)\n")
    }

    @Test func aPlaceThatCannotBeWrittenIsSaid() {
        let hosts = KnownHosts(path: "/proc/nowhere/known_hosts")
        #expect(throws: KnownHosts.Failure(message: "Cannot write /proc/nowhere/known_hosts: No such file or directory.")) {
            try hosts.remember(Self.one, of: server)
        }
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

@Suite struct ServerTrustTests {
    private static let known = Fingerprint(ofCertificate: [1])
    private static let other = Fingerprint(ofCertificate: [2])

    private func trust(
        _ folder: TemporaryFolder, remembers: Fingerprint? = nil, stranger: ServerTrust.Stranger = .ask, demanded: Fingerprint? = nil
    ) throws -> ServerTrust {
        let server = KnownHosts.Server(host: "chat.example", port: 1)
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        if let remembers { try hosts.remember(remembers, of: server) }
        return ServerTrust(server: server, knownHosts: hosts, stranger: stranger, demanded: demanded, forgetCommand: "chatty forget")
    }

    @Test func whoIsMetForTheFirstTime() throws {
        let folder = try TemporaryFolder()
        #expect(try trust(folder).judge(Self.other, isLoopback: true) == .remember)
        #expect(try trust(folder).judge(Self.other, isLoopback: false) == .unlessVouchedFor(.ask))
        #expect(try trust(folder, stranger: .accept).judge(Self.other, isLoopback: false) == .unlessVouchedFor(.remember))
        guard case .unlessVouchedFor(.refuse(let text)) = try trust(folder, stranger: .refuse).judge(Self.other, isLoopback: false) else {
            Issue.record("not refused")
            return
        }
        #expect(text.contains(Self.other.description) && text.contains("--accept-new"))
    }

    @Test(arguments: [true, false]) func whoIsKnown(isLoopback: Bool) throws {
        let folder = try TemporaryFolder()
        let trust = try trust(folder, remembers: Self.known, stranger: .accept)
        #expect(trust.judge(Self.known, isLoopback: isLoopback) == .accept)
        var verdict = trust.judge(Self.other, isLoopback: isLoopback)
        if !isLoopback, case .unlessVouchedFor(let otherwise) = verdict { verdict = otherwise }
        guard case .refuse(let text) = verdict else {
            Issue.record("not refused")
            return
        }
        for part in [Self.known.description, Self.other.description, "HAS CHANGED", "chatty forget"] { #expect(text.contains(part)) }
    }

    @Test func whoIsAskedForByKey() throws {
        let folder = try TemporaryFolder()
        let trust = try trust(folder, remembers: Self.known, demanded: Self.other)
        #expect(trust.judge(Self.other, isLoopback: false) == .accept)
        guard case .refuse = trust.judge(Self.known, isLoopback: true) else {
            Issue.record("not refused")
            return
        }
    }
}
