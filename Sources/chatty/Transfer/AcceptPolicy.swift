import TransferIO
import TransferProtocol

/// Whose files `recv-file` takes: `--accept`. A ticket or a shared secret shows that its owner was given it; an address shows nothing.
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
            case nil: hasTerminal ? .asked : .taken
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

    /// What is said of the addresses, after "Give the sender this ticket".
    var hint: String {
        switch strangers {
        case _ where sharedKey != nil: ", or one of the addresses if it has the shared secret"
        case .refused: "; without it nobody can send (but see --accept)"
        case .asked: ", or one of the addresses: then you will be asked"
        case .taken: ", or one of the addresses, with which anybody can send"
        }
    }
}
