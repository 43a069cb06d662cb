/// Whether the server at the other end is the one that is meant, told by its certificate.
public struct ServerTrust: Sendable {
    /// What to do about a server that was never met and that nobody vouches for.
    public enum Stranger: Sendable {
        case ask, accept, refuse
    }

    public let server: KnownHosts.Server
    public let knownHosts: KnownHosts
    public let stranger: Stranger
    /// The only one to take, where the user named it.
    public let demanded: Fingerprint?
    /// The command line that forgets what is known of this server.
    public let forgetCommand: String
    /// Who may vouch for it.
    public let roots: TrustRoots

    public init(
        server: KnownHosts.Server, knownHosts: KnownHosts, stranger: Stranger, demanded: Fingerprint? = nil, forgetCommand: String,
        roots: TrustRoots = .system
    ) {
        self.server = server
        self.knownHosts = knownHosts
        self.stranger = stranger
        self.demanded = demanded
        self.forgetCommand = forgetCommand
        self.roots = roots
    }

    enum Verdict: Equatable, Sendable {
        case accept
        /// Take it once this is remembered, where that is known still; and say what is to be said of it.
        case remember(KnownHosts.Record, insteadOf: KnownHosts.Record?, saying: String?)
        /// That depends on what its certificate is worth, which takes longer to find out than all the rest of connecting.
        case examine
        case ask(SelfMade)
        case refuse(String)
        /// What is known of servers could not be read or written.
        case fail(String)
    }

    /// - Parameters:
    ///   - presented: of the certificate that the server showed.
    ///   - finding: what that is worth; nil while nobody has looked.
    ///   - isLoopback: whether it runs on this machine.
    func judge(_ presented: Fingerprint, _ finding: CertificateFinding?, isLoopback: Bool) -> Verdict {
        if let demanded {
            guard presented != demanded else { return .accept }
            return .refuse("The key of \(server) is\n  \(presented)\nand not the one given with --fingerprint:\n  \(demanded)")
        }
        let known: KnownHosts.Record?
        do {
            known = try knownHosts.record(of: server)
        } catch {
            return .fail(error.message)
        }
        switch known {
        case .key(presented): return .accept
        case .key(let old):
            // On this machine no authority's word is needed, and so none overrides what is known.
            if isLoopback { return .refuse(changed(old, presented)) }
            guard let finding else { return .examine }
            return judge(finding, presented, insteadOf: old)
        case .vouched:
            guard let finding else { return .examine }
            return judgeVouched(finding, presented)
        case nil:
            if isLoopback { return .remember(.key(presented), insteadOf: nil, saying: nil) }
            guard let finding else { return .examine }
            return judgeStranger(finding, presented)
        }
    }

    private func judgeStranger(_ finding: CertificateFinding, _ presented: Fingerprint) -> Verdict {
        switch finding {
        case .vouched: return .remember(.vouched, insteadOf: nil, saying: nil)
        case .faulty(let faults): return .refuse(faulty(faults, presented))
        case .selfMade(let certificate):
            switch stranger {
            case .accept: return .remember(.key(presented), insteadOf: nil, saying: nil)
            case .ask: return .ask(certificate)
            case .refuse:
                return .refuse(
                    """
                    This is the first connection to \(server), and its certificate is self-signed. Its key is
                      \(presented)
                    \(line(certificate.remark))If this is the right key, connect with --fingerprint and this key, or with --accept-new.
                    """)
            }
        }
    }

    private func judge(_ finding: CertificateFinding, _ presented: Fingerprint, insteadOf old: Fingerprint) -> Verdict {
        switch finding {
        case .vouched(let authority):
            guard stranger == .refuse else {
                return .remember(
                    .vouched, insteadOf: .key(old),
                    saying: """
                        The key of \(server) has changed. The new key has a certificate of \(authority), an authority that this system trusts. \
                        From now on this server is accepted only with a certificate of an authority.
                        """)
            }
            return .refuse(
                changed(
                    old, presented,
                    "The new key has a certificate of \(authority), an authority that this system trusts: --accept-new accepts it."))
        case .selfMade(let certificate): return .refuse(changed(old, presented, certificate.remark))
        case .faulty(let faults):
            let remark = "The new certificate cannot be accepted.\n" + Self.reasons(faults)
            return .refuse(changed(old, presented, isTaken: false, remark))
        }
    }

    private func judgeVouched(_ finding: CertificateFinding, _ presented: Fingerprint) -> Verdict {
        switch finding {
        case .vouched: return .accept
        case .selfMade(let certificate):
            return .refuse(
                """
                THE KEY OF \(server) HAS CHANGED.
                It had a certificate of a certificate authority before, and now shows a self-signed one, which proves nothing.
                Either the server was set up again, or somebody else answers in its place.
                  answered: \(presented)
                \(line(certificate.remark))Nothing was sent to it. If its owner confirms the new key, forget what is known of the server:
                  \(forgetCommand)
                """)
        case .faulty(let faults): return .refuse(faulty(faults, presented))
        }
    }

    /// - Parameters:
    ///   - remark: said besides.
    ///   - isTaken: whether forgetting the old one helps.
    private func changed(_ old: Fingerprint, _ presented: Fingerprint, isTaken: Bool = true, _ remark: String = "") -> String {
        let advice = isTaken ? " If its owner confirms the new key, forget the old one:\n  \(forgetCommand)" : ""
        return """
            THE KEY OF \(server) HAS CHANGED.
            Either the server was set up again, or somebody else answers in its place.
              known:    \(old)
              answered: \(presented)
            \(line(remark))Nothing was sent to it.\(advice)
            """
    }

    /// Of a certificate that says more than that a key is the same: neither `--accept-new` nor a yes makes that true.
    private func faulty(_ faults: [CertificateFault], _ presented: Fingerprint) -> String {
        """
        The certificate of \(server) is not accepted.
        \(Self.reasons(faults))
        Nothing was sent to it. It has the key
          \(presented)
        If this is the right key nevertheless, connect with --fingerprint and this key.
        """
    }

    private static func reasons(_ faults: [CertificateFault]) -> String { faults.map(\.text).joined(separator: "\n") }

    private func line(_ text: String) -> String { text.isEmpty ? "" : text + "\n" }
}
