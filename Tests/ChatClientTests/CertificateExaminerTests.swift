import ChatProtocol
import Foundation
import SwiftASN1
import TestCertificates
import TestSupport
import Testing
import X509

@testable import ChatClient

@Suite struct CertificateExaminerTests {
    private static let name = "chat.example"
    private let names: [GeneralName] = [.dnsName(name)]

    private func examine(_ shown: TestAuthority.Issued, _ roots: [TestAuthority], host: String = name) async throws -> CertificateFinding {
        try await CertificateExaminer(
            server: .init(host: host, port: 1), roots: .only(roots.map(\.certificate)), now: Date()
        ).examine(shown.der, shown.otherDER)
    }

    private func faults(_ shown: TestAuthority.Issued, _ roots: [TestAuthority], host: String = name) async throws -> [CertificateFault]? {
        guard case .faulty(let faults) = try await examine(shown, roots, host: host) else { return nil }
        return faults
    }

    private static func address(_ bytes: [UInt8]) -> GeneralName { .ipAddress(ASN1OctetString(contentBytes: bytes[...])) }

    @Test func anAuthorityVouchesForTheName() async throws {
        let root = try TestAuthority()
        #expect(try await examine(root.issue(names), [root]) == .vouched(by: "'Test Root'"))
        #expect(try await examine(root.issue([.dnsName("b.example"), .dnsName("CHAT.example")]), [root]) == .vouched(by: "'Test Root'"))
        let through = try root.intermediate().intermediate("Second")
        #expect(try await examine(through.issue(names), [try TestAuthority("Another"), root]) == .vouched(by: "'Test Root'"))
        // The order of the certificates does not matter, nor do unrelated ones.
        var shuffled = try through.issue(names)
        shuffled.others = [try TestAuthority("Third").certificate] + shuffled.others.reversed() + shuffled.others
        #expect(try await examine(shuffled, [root]) == .vouched(by: "'Test Root'"))
        #expect(try await examine(root.issue([Self.address([192, 0, 2, 1])]), [root], host: "192.0.2.1") == .vouched(by: "'Test Root'"))
        #expect(try await examine(root.issue(names) { $0.usage = nil }, [root]) == .vouched(by: "'Test Root'"))
        #expect(try await examine(root.issue(names) { $0.key = .rsa2048 }, [root]) == .vouched(by: "'Test Root'"))
        let limited = try root.intermediate { $0.permittedNames = ["example"] }
        #expect(try await examine(limited.issue(names), [root]) == .vouched(by: "'Test Root'"))
    }

    /// A certificate of an authority that is not for this server's name.
    @Test func aCertificateForAnotherNameIsNoneForThis() async throws {
        let root = try TestAuthority()
        let address: [UInt8] = [192, 0, 2, 1]
        let other = [CertificateFault.otherName(["other.example"], more: 0)]
        #expect(try await faults(root.issue([.dnsName("other.example")]), [root]) == other)
        #expect(
            try await faults(root.issue([Self.address(address)]), [root]) == [.otherName(["the address 192.0.2.1"], more: 0)],
            "IP for a name")
        #expect(
            try await faults(root.issue(names), [root], host: "192.0.2.1") == [.otherName([Self.name], more: 0)], "a name for an IP")
        #expect(
            try await faults(root.issue([.dnsName("192.0.2.1")]), [root], host: "192.0.2.1") == [.otherName(["192.0.2.1"], more: 0)],
            "the text of an address")
        #expect(
            try await faults(root.issue([Self.address([1, 2, 3])]), [root]) == [.otherName(["the address of 3 bytes"], more: 0)])
        for wildcard in ["ch*.example.org", "chat.*.org", "*.chat.example.org", "*.org", "*"] {
            let shown = try root.issue([.dnsName(wildcard)])
            #expect(try await faults(shown, [root], host: "chat.example.org") == [.otherName([wildcard], more: 0)])
        }
        // The common name never counts, even if there are no other names.
        #expect(try await faults(root.issue([]) { $0.commonName = Self.name }, [root]) == [.otherName([], more: 0)])
        #expect(
            try await faults(root.issue([.rfc822Name(Self.name), .uniformResourceIdentifier("https://" + Self.name)]), [root]) == [
                .otherName([], more: 0)
            ])
        let many = try root.issue((1...9).map { .dnsName("\($0).example") })
        #expect(try await faults(many, [root]) == [.otherName((1...5).map { "\($0).example" }, more: 4)])
    }

    @Test func theTimeCounts() async throws {
        let root = try TestAuthority()
        let past = Date(timeIntervalSince1970: 1_700_000_000)
        let future = Date(timeIntervalSince1970: 4_000_000_000)
        #expect(
            try await faults(root.issue(names) { ($0.notBefore, $0.notAfter) = (past.addingTimeInterval(-9), past) }, [root])
                == [.expired(Timestamp(milliseconds: 1_700_000_000_000))])
        #expect(
            try await faults(root.issue(names) { ($0.notBefore, $0.notAfter) = (future, future.addingTimeInterval(9)) }, [root])
                == [.notYetValid(from: Timestamp(milliseconds: 4_000_000_000_000))])
        // All faults are reported.
        #expect(
            try await faults(
                root.issue([.dnsName("b.example")]) { ($0.notBefore, $0.notAfter) = (past.addingTimeInterval(-9), past) }, [])
                == [.otherName(["b.example"], more: 0), .expired(Timestamp(milliseconds: 1_700_000_000_000)), .noAuthorities])
        let old = try root.intermediate("Old") { ($0.notBefore, $0.notAfter) = (past.addingTimeInterval(-9), past) }
        #expect(try await faults(old.issue(names), [root]) == [.chainOutOfDate(issuer: "'Old'")])
        let ended = try TestAuthority("Ended") { ($0.notBefore, $0.notAfter) = (past.addingTimeInterval(-9), past) }
        #expect(try await faults(ended.issue(names), [ended]) == [.chainOutOfDate(issuer: "'Ended'")])
    }

    @Test func whoeverIssuedItHasToBeAnAuthority() async throws {
        let root = try TestAuthority()
        let stranger = try TestAuthority("Nobody")
        #expect(try await faults(stranger.issue(names), [root]) == [.unknownIssuer("'Nobody'")])
        #expect(try await faults(stranger.intermediate().issue(names), [root]) == [.unknownIssuer("'Nobody'")])
        #expect(try await faults(stranger.issue(names), []) == [.noAuthorities])
        // An authority with the same name and another key.
        #expect(try await faults(TestAuthority().issue(names), [root]) == [.unknownIssuer("'Test Root'")])
        // Without the intermediate certificate the chain is unknown.
        var torn = try root.intermediate().issue(names)
        torn.others = []
        #expect(try await faults(torn, [root]) == [.unknownIssuer("'Test Intermediate'")])
        // A server's certificate cannot issue others, even if an authority has issued it.
        let server = try root.intermediate("Server") { $0.isAuthority = false }
        #expect(try await faults(server.issue(names), [root]) == [.issuerIsNoAuthority("'Server'")])
        #expect(try await faults(server.issue(names), [stranger]) == [.issuerIsNoAuthority("'Server'"), .unknownIssuer("'Test Root'")])
        // A certificate that names itself as issuer but is signed by another key is not self-signed.
        let namesake = try TestAuthority(Self.name).issue(names) { $0.commonName = Self.name }
        #expect(try await faults(namesake, [root]) == [.unknownIssuer("'chat.example'")])
    }

    @Test func whatCanBeForgedIsNotTaken() async throws {
        let root = try TestAuthority("RSA") { $0.key = .rsa2048 }
        #expect(try await faults(root.issue(names) { $0.key = .rsa1024 }, [root]) == [.weak("its RSA key has 1024 bits")])
        #expect(try await faults(root.issue(names) { $0.usesSHA1 = true }, [root]) == [.weak("it is signed with SHA-1")])
        let weak = try root.intermediate { $0.usesSHA1 = true }
        #expect(try await faults(weak.issue(names), [root]) == [.weak("it is signed with SHA-1")])
        let small = try root.intermediate("Small") { $0.key = .rsa1024 }
        #expect(
            try await faults(small.issue(names), [root]) == [.weak("the RSA key of its issuer has 1024 bits"), .unknownIssuer("'Small'")])
    }

    @Test func itHasToBeForServersAndUnderstood() async throws {
        let root = try TestAuthority()
        #expect(try await faults(root.issue(names) { $0.usage = [.clientAuth, .emailProtection] }, [root]) == [.notForServers])
        let mail = try root.intermediate { $0.usage = [.emailProtection] }
        #expect(try await faults(mail.issue(names), [root]) == [.notForServers])
        guard case .other(let text)? = try await faults(root.issue(names) { $0.isStrange = true }, [root])?.first else {
            Issue.record("a critical extension was passed over")
            return
        }
        #expect(text.contains("1.2.3.4"))
        let limited = try root.intermediate { $0.permittedNames = ["elsewhere.org"] }
        guard case .other? = try await faults(limited.issue(names), [root])?.first else {
            Issue.record("the names that an authority is limited to were passed over")
            return
        }
        let examiner = CertificateExaminer(server: .init(host: Self.name, port: 1), roots: .only([root.certificate]), now: Date())
        #expect(await examiner.examine([0x30, 0x03, 0x02, 0x01, 0x00], []) == .faulty([.unreadable]))
        #expect(await examiner.examine([], [[]]) == .faulty([.unreadable]))
    }

    @Test func aSelfMadeOneIsThatWhateverItSays() async throws {
        let root = try TestAuthority()
        let plain = try TestAuthority.selfMade(names)
        #expect(try await examine(plain, [root]) == .selfMade(SelfMade(Fingerprint(ofCertificate: plain.der))))
        #expect(try await examine(plain, []) == .selfMade(SelfMade(Fingerprint(ofCertificate: plain.der))))
        let old = try TestAuthority.selfMade([]) {
            ($0.notBefore, $0.notAfter) = (Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_700_000_000))
        }
        #expect(
            try await examine(old, [root])
                == .selfMade(SelfMade(Fingerprint(ofCertificate: old.der), remark: "The certificate expired on 2023-11-14T22:13:20Z.")))
        // A certificate among the system's roots is vouched for, but only for its own name.
        let roots = TrustRoots.only([plain.certificate])
        func examined(_ host: String) async throws -> CertificateFinding {
            try await CertificateExaminer(server: .init(host: host, port: 1), roots: roots, now: Date()).examine(plain.der, [])
        }
        #expect(try await examined(Self.name) == .vouched(by: "'server'"))
        #expect(try await examined("other.example") == .selfMade(SelfMade(Fingerprint(ofCertificate: plain.der))))
    }

    /// Texts of a stranger's certificate are shown, so they must neither control a terminal nor fill it.
    @Test func theNamesOfStrangersAreHarmless() async throws {
        let wild = try TestAuthority("\u{1B}[2J\u{202E}Nobody\nNothing was wrong." + String(repeating: "x", count: 1000))
        let names: [GeneralName] = [.dnsName("a\u{1B}[31mb.example"), .dnsName(String(repeating: "y", count: 5000))]
        let text = try #require(try await faults(wild.issue(names), [try TestAuthority()])).map(\.text).joined()
        #expect(!text.utf8.contains { $0 < 0x20 } && !text.unicodeScalars.contains("\u{202E}"))
        #expect(text.utf8.count < 1000)
    }

    /// Many issuers of one name, each of which may have issued any other, do not make the validation slow.
    @Test(.timeLimit(.minutes(10))) func aMazeOfIssuersTakesNoTime() async throws {
        let stranger = try TestAuthority("Maze")
        var shown = try stranger.issue(names)
        for _ in 0..<40 { shown.others.append(try stranger.intermediate("Maze").certificate) }
        #expect(try await faults(shown, [TestAuthority()]) == [.unknownIssuer("'Maze'")])
    }

    @Test func rootsAreReadFromPEMAndOthersLeftOut() throws {
        let (one, two) = (try TestAuthority("One"), try TestAuthority("Two"))
        let small = try TestAuthority("Small") { $0.key = .rsa1024 }
        let text =
            try "# a bundle\r\n" + one.pem.replacing("\n", with: "\r\n") + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
            + small.pem
            + two.pem + "-----BEGIN CERTIFICATE-----\nAAAA"
        #expect(TrustRoots.certificates(inPEM: Data(text.utf8)) == [one.certificate, two.certificate])
        #expect(TrustRoots.certificates(inPEM: Data()).isEmpty)
    }
}
