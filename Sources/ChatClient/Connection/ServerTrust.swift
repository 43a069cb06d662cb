/// Decides by its certificate whether the server is the one that the user means.
public struct ServerTrust: Sendable {
    /// What to do about an unknown server for which no authority vouches.
    public enum Stranger: Sendable {
        case ask, accept, refuse
    }

    public let server: KnownHosts.Server
    public let knownHosts: KnownHosts
    public let stranger: Stranger
    /// The only fingerprint to accept; nil if the user named none.
    public let demanded: Fingerprint?
    /// The command line that removes the record of this server.
    public let forgetCommand: String
    /// The authorities that may vouch for the server.
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
        /// Accept the server after storing this record, unless the old one has changed in the meantime; then show the remark.
        case remember(KnownHosts.Record, insteadOf: KnownHosts.Record?, saying: String?)
        /// The certificate has to be examined, which takes longer than all the rest of connecting.
        case examine
        case ask(SelfMade)
        case refuse(String)
        /// The record of servers could not be read or written.
        case fail(String)
    }

    /// - Parameters:
    ///   - presented: the fingerprint of the server's certificate.
    ///   - finding: the result of its examination; nil before it.
    ///   - isLoopback: whether the server runs on this machine.
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
            // On this machine no authority needs to vouch for a server, so none overrides the record.
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
    ///   - remark: added to the text.
    ///   - isTaken: whether the server is accepted once its old record is removed.
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

    /// The refusal of a certificate that is not self-signed and has faults. Neither `--accept-new` nor the user's consent can accept it.
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
