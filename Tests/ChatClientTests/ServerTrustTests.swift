import ChatProtocol
import TestSupport
import Testing

@testable import ChatClient

@Suite struct ServerTrustTests {
    private static let known = Fingerprint(ofCertificate: [1])
    private static let other = Fingerprint(ofCertificate: [2])
    private static let vouched = CertificateFinding.vouched(by: "'Root'")
    private static let selfMade = CertificateFinding.selfMade(SelfMade(other, remark: "By itself it expired."))
    private static let faulty = CertificateFinding.faulty([.expired(Timestamp(milliseconds: 0)), .unknownIssuer("'Nobody'")])

    private func trust(
        _ folder: TemporaryFolder, remembers: KnownHosts.Record? = nil, stranger: ServerTrust.Stranger = .ask, demanded: Fingerprint? = nil
    ) throws -> ServerTrust {
        let server = KnownHosts.Server(host: "chat.example", port: 1)
        let hosts = KnownHosts(path: folder.path + "/known_hosts")
        if let remembers { try hosts.put(remembers, of: server) }
        return ServerTrust(server: server, knownHosts: hosts, stranger: stranger, demanded: demanded, forgetCommand: "chatty forget")
    }

    /// - Returns: the text of a refusal; records an issue if there is none.
    private func refusal(_ verdict: ServerTrust.Verdict, _ location: SourceLocation = #_sourceLocation) -> String {
        guard case .refuse(let text) = verdict else {
            Issue.record("not refused: \(verdict)", sourceLocation: location)
            return ""
        }
        return text
    }

    @Test func whoIsMetForTheFirstTime() throws {
        let folder = try TemporaryFolder()
        let pinned = ServerTrust.Verdict.remember(.key(Self.other), insteadOf: nil, saying: nil)
        // On this machine neither the user nor an authority is asked.
        for finding in [nil, Self.vouched, Self.selfMade, Self.faulty] {
            #expect(try trust(folder, stranger: .refuse).judge(Self.other, finding, isLoopback: true) == pinned)
        }
        for stranger in [ServerTrust.Stranger.ask, .accept, .refuse] {
            let trust = try trust(folder, stranger: stranger)
            #expect(trust.judge(Self.other, nil, isLoopback: false) == .examine)
            #expect(trust.judge(Self.other, Self.vouched, isLoopback: false) == .remember(.vouched, insteadOf: nil, saying: nil))
            // A faulty certificate is never asked about and never recorded.
            let text = refusal(trust.judge(Self.other, Self.faulty, isLoopback: false))
            for part in ["expired on 1970-01-01T00:00:00Z", "'Nobody'", Self.other.description, "--fingerprint"] {
                #expect(text.contains(part))
            }
            #expect(!text.contains("self-signed") && !text.contains("--accept-new") && !text.contains("first connection"))
        }
        #expect(try trust(folder, stranger: .accept).judge(Self.other, Self.selfMade, isLoopback: false) == pinned)
        let certificate: SelfMade? = if case .selfMade(let certificate) = Self.selfMade { certificate } else { nil }
        #expect(try trust(folder).judge(Self.other, Self.selfMade, isLoopback: false) == .ask(#require(certificate)))
        let text = refusal(try trust(folder, stranger: .refuse).judge(Self.other, Self.selfMade, isLoopback: false))
        for part in [Self.other.description, "--accept-new", "self-signed", "By itself it expired.\n"] { #expect(text.contains(part)) }
    }

    @Test(arguments: [ServerTrust.Stranger.ask, .accept, .refuse]) func whoIsKnownByItsKey(stranger: ServerTrust.Stranger) throws {
        let folder = try TemporaryFolder()
        let trust = try trust(folder, remembers: .key(Self.known), stranger: stranger)
        for isLoopback in [true, false] { #expect(trust.judge(Self.known, nil, isLoopback: isLoopback) == .accept) }
        #expect(trust.judge(Self.other, nil, isLoopback: false) == .examine)
        for (finding, isLoopback) in [
            (nil, true), (Self.vouched, true), (Self.selfMade, true), (Self.faulty, true), (Self.selfMade, false), (Self.faulty, false),
        ] {
            let text = refusal(trust.judge(Self.other, finding, isLoopback: isLoopback))
            for part in [Self.known.description, Self.other.description, "HAS CHANGED"] { #expect(text.contains(part)) }
            // Removing the record helps only if the new key would be recorded.
            #expect(text.contains("chatty forget") == (finding != Self.faulty || isLoopback))
            #expect(text.contains("'Nobody'") == (finding == Self.faulty && !isLoopback))
        }
        // A certificate of an authority does not replace a recorded key silently.
        let verdict = trust.judge(Self.other, Self.vouched, isLoopback: false)
        if stranger == .refuse {
            let text = refusal(verdict)
            for part in ["HAS CHANGED", "'Root'", "--accept-new", "chatty forget"] { #expect(text.contains(part)) }
        } else {
            guard case .remember(.vouched, insteadOf: .key(Self.known), saying: let saying?) = verdict else {
                Issue.record("\(verdict)")
                return
            }
            #expect(saying.contains("has changed") && saying.contains("'Root'"))
        }
    }

    @Test(arguments: [ServerTrust.Stranger.ask, .accept, .refuse], [true, false])
    func whoWasVouchedFor(stranger: ServerTrust.Stranger, isLoopback: Bool) throws {
        let folder = try TemporaryFolder()
        let trust = try trust(folder, remembers: .vouched, stranger: stranger)
        #expect(trust.judge(Self.other, nil, isLoopback: isLoopback) == .examine)
        // The certificate was renewed, by any authority.
        #expect(trust.judge(Self.other, Self.vouched, isLoopback: isLoopback) == .accept)
        let changed = refusal(trust.judge(Self.other, Self.selfMade, isLoopback: isLoopback))
        for part in ["HAS CHANGED", "self-signed", Self.other.description, "chatty forget"] { #expect(changed.contains(part)) }
        let faulty = refusal(trust.judge(Self.other, Self.faulty, isLoopback: isLoopback))
        #expect(faulty.contains("expired on") && !faulty.contains("chatty forget"))
    }

    @Test func whoIsAskedForByKey() throws {
        let folder = try TemporaryFolder()
        for record in [KnownHosts.Record.key(Self.known), .vouched] {
            let trust = try trust(folder, remembers: record, demanded: Self.other)
            for isLoopback in [true, false] {
                for finding in [nil, Self.vouched, Self.selfMade, Self.faulty] {
                    #expect(trust.judge(Self.other, finding, isLoopback: isLoopback) == .accept)
                    #expect(
                        refusal(trust.judge(Self.known, finding, isLoopback: isLoopback)).contains("not the one given with --fingerprint"))
                }
            }
        }
    }

    @Test func whatIsKnownAndCannotBeReadIsAFailure() throws {
        let folder = try TemporaryFolder()
        try folder.write("known_hosts", Array("chat.example:1 SHA256:4B".utf8))
        for isLoopback in [true, false] {
            guard case .fail(let text) = try trust(folder, stranger: .accept).judge(Self.other, nil, isLoopback: isLoopback) else {
                Issue.record("not failed")
                return
            }
            #expect(text.contains("is damaged"))
        }
    }
}
