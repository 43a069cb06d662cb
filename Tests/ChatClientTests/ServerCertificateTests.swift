import Foundation
import NIOConcurrencyHelpers
import SwiftASN1
import TestCertificates
import TestSupport
import Testing
import X509

@testable import ChatClient

/// The client against servers with valid and faulty certificates of an authority, over real sockets. The servers run on this machine, so
/// they are recorded beforehand as if they had been met elsewhere.
@Suite struct ServerCertificateTests {
    private struct Met {
        let events: [String]
        /// The lines that the server received.
        let lines: [String]
        let record: KnownHosts.Record?
    }

    /// Connects to a server on `localhost` that has the certificate `shown`.
    private func meet(_ shown: TestAuthority.Issued, trusting roots: [TestAuthority], _ known: KnownHosts.Record = .vouched) async throws
        -> Met
    {
        let folder = try TemporaryFolder()
        let lines = NIOLockedValueBox<[String]>([])
        let server = try await ScriptedServer.start(
            chain: shown.chainPEM, key: shown.keyPEM,
            ScriptedServer.hospitable { line, _ in
                lines.withLockedValue { $0.append(line) }
                return []
            })
        let trust = ServerTrust(
            server: .init(host: "localhost", port: server.port), knownHosts: KnownHosts(path: folder.path + "/known_hosts"),
            stranger: .accept,
            forgetCommand: "chatty forget", roots: .only(roots.map(\.certificate)))
        try trust.knownHosts.put(known, of: trust.server)
        let client = DrivenClient(port: server.port, trust: trust, host: "localhost")
        let events = await client.logIn()
        await client.driver.shutDown()
        try await server.stop()
        return Met(events: events, lines: lines.withLockedValue { $0 }, record: try trust.knownHosts.record(of: trust.server))
    }

    @Test func whomAnAuthorityVouchesForIsTaken() async throws {
        let root = try TestAuthority()
        let met = try await meet(root.intermediate().issue([.dnsName("localhost")]), trusting: [root])
        #expect(met.events.last == "in as yoda")
        #expect(met.lines.contains { $0.hasPrefix("AUTHENTICATE") })
        #expect(met.record == .vouched)
    }

    enum Wrong: CaseIterable {
        case otherName, addressOfTheServer, wildcard, expired, notYetValid, unknownIssuer, weak, issuerIsAServer, commonName, selfMade,
            forClients

        /// The reason in the message.
        var reason: String {
            switch self {
            case .otherName: "It is for other.example, which is not this server."
            case .addressOfTheServer: "It is for the address 127.0.0.1, the address ::1, which is not this server."
            case .wildcard: "It is for l*, *, which is not this server."
            case .expired: "It expired on 2023-11-14T22:13:20Z."
            case .notYetValid: "It is not valid before 2096-10-02T07:06:40Z."
            case .unknownIssuer: "It was issued by 'Nobody', which is not a certificate authority (CA) that this system trusts."
            case .weak: "It is too weak: its RSA key has 1024 bits."
            case .issuerIsAServer: "Its issuer, 'Server', is not allowed to issue certificates."
            case .commonName: "It does not name a server"
            case .selfMade: "HAS CHANGED"
            case .forClients: "It was not issued for servers."
            }
        }

        func issue(by root: TestAuthority) throws -> TestAuthority.Issued {
            let names = [GeneralName.dnsName("localhost")]
            switch self {
            case .otherName: return try root.issue([.dnsName("other.example")])
            case .addressOfTheServer:
                let loopback = [UInt8](repeating: 0, count: 15) + [1]
                return try root.issue([
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])), .ipAddress(ASN1OctetString(contentBytes: loopback[...])),
                ])
            case .wildcard: return try root.issue([.dnsName("l*"), .dnsName("*")])
            case .expired:
                return try root.issue(names) {
                    ($0.notBefore, $0.notAfter) = (Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_700_000_000))
                }
            case .notYetValid:
                return try root.issue(names) {
                    ($0.notBefore, $0.notAfter) = (Date(timeIntervalSince1970: 4_000_000_000), Date(timeIntervalSince1970: 4_000_000_009))
                }
            case .unknownIssuer: return try TestAuthority("Nobody").issue(names)
            case .weak: return try root.issue(names) { $0.key = .rsa1024 }
            case .issuerIsAServer: return try root.intermediate("Server") { $0.isAuthority = false }.issue(names)
            case .commonName: return try root.issue([]) { $0.commonName = "localhost" }
            case .selfMade: return try TestAuthority.selfMade(names)
            case .forClients: return try root.issue(names) { $0.usage = [.clientAuth] }
            }
        }
    }

    /// Each refusal names its reason, `--accept-new` does not prevent it, and the server receives nothing, not even a name.
    @Test(arguments: Wrong.allCases) func whomNobodyVouchesForIsRefusedBeforeAnythingIsSent(wrong: Wrong) async throws {
        let root = try TestAuthority()
        let met = try await meet(wrong.issue(by: root), trusting: [root])
        #expect(
            met.events.count == 1 && met.events[0].hasPrefix("ended: refused")
                && met.events[0].replacing("\\'", with: "'").contains(wrong.reason), "\(met.events)")
        #expect(met.lines == [])
        #expect(met.record == .vouched)
    }

    /// On this machine no authority needs to vouch for a server, and none overrides a recorded key.
    @Test func aPinnedKeyStaysOnThisMachine() async throws {
        let root = try TestAuthority()
        let old = KnownHosts.Record.key(Fingerprint(ofCertificate: [1]))
        let met = try await meet(root.issue([.dnsName("localhost")]), trusting: [root], old)
        #expect(met.events.count == 1 && met.events[0].contains("HAS CHANGED"), "\(met.events)")
        #expect(met.lines == [] && met.record == old)
    }
}
