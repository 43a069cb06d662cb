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
    /// The command line that forgets the key of this server.
    public let forgetCommand: String

    public init(
        server: KnownHosts.Server, knownHosts: KnownHosts, stranger: Stranger, demanded: Fingerprint? = nil, forgetCommand: String
    ) {
        self.server = server
        self.knownHosts = knownHosts
        self.stranger = stranger
        self.demanded = demanded
        self.forgetCommand = forgetCommand
    }

    enum Verdict: Equatable, Sendable {
        case accept
        case remember
        /// The system's roots may vouch for it; otherwise the verdict is this.
        indirect case unlessVouchedFor(Verdict)
        case ask
        case refuse(String)
        /// What is known of servers could not be read or written.
        case fail(String)
    }

    /// - Parameters:
    ///   - presented: of the certificate that the server showed.
    ///   - isLoopback: whether it runs on this machine.
    func judge(_ presented: Fingerprint, isLoopback: Bool) -> Verdict {
        if let demanded {
            guard presented != demanded else { return .accept }
            return .refuse("\(server) has the key\n  \(presented)\nand not the one asked for:\n  \(demanded)")
        }
        let known: Fingerprint?
        do {
            known = try knownHosts.fingerprint(of: server)
        } catch {
            return .fail(error.message)
        }
        switch known {
        case presented: return .accept
        case let known?:
            let refusal = Verdict.refuse(
                """
                THE KEY OF \(server) HAS CHANGED.
                Either the server was set up anew, or somebody else answers in its place.
                  known:    \(known)
                  answered: \(presented)
                Nothing was sent to it. If its owner confirms the new key, forget the old one:
                  \(forgetCommand)
                """)
            return isLoopback ? refusal : .unlessVouchedFor(refusal)
        case nil where isLoopback: return .remember
        case nil:
            switch stranger {
            case .accept: return .unlessVouchedFor(.remember)
            case .ask: return .unlessVouchedFor(.ask)
            case .refuse:
                return .unlessVouchedFor(
                    .refuse(
                        """
                        \(server) was never met before, and its certificate is self-made. It has the key
                          \(presented)
                        If that is the right one, use --fingerprint with it, or --accept-new.
                        """))
            }
        }
    }
}
