import TransferIO
import TransferProtocol

/// Whose files `recv-file` takes: `--accept`. A ticket or a shared secret shows that its owner was given it; an address shows nothing, so that
/// who has no more is taken only where somebody is there to be asked, or said so beforehand.
struct AcceptPolicy {
    /// Of senders that have neither ticket nor secret.
    private enum Strangers { case refused, asked, taken }

    private let asksEverybody: Bool
    private let sharedKey: [UInt8]?
    private let strangers: Strangers

    /// - Parameters:
    ///   - sharedKey: of the secret that both sides were given.
    ///   - hasTerminal: whether anybody is there to be asked.
    init(_ accept: RecvFileFlags.Accept?, sharedKey: [UInt8]?, hasTerminal: Bool) {
        asksEverybody = accept == .ask
        self.sharedKey = sharedKey
        strangers =
            switch accept {
            case _ where sharedKey != nil: .refused
            case .ticket: .refused
            case .ask: .asked
            case .always: .taken
            case nil: hasTerminal ? .asked : .refused
            }
    }

    func invitations(_ ticket: Ticket) -> [Invitation] {
        var all = [Invitation(preSharedKey: ticket.preSharedKey)]
        if let sharedKey { all.append(Invitation(preSharedKey: sharedKey)) }
        if strangers != .refused { all.append(Invitation(preSharedKey: TransferKeys.none)) }
        return all
    }

    func isStranger(_ session: TransferSession) -> Bool { session.invitation?.preSharedKey == TransferKeys.none }

    func asks(about session: TransferSession) -> Bool { asksEverybody || (strangers == .asked && isStranger(session)) }

    /// Who else can send, for the person that reads the ticket.
    var hint: String {
        switch strangers {
        case _ where sharedKey != nil: "A sender with the shared secret can use an address instead of the ticket."
        case .refused: "A sender without the ticket is refused (see --accept)."
        case .asked: "A sender that has only an address can send if you allow it here; it is asked to compare the key below."
        case .taken: "Everybody who reaches an address can send without the ticket."
        }
    }
}
