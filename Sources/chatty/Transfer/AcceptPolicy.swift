import TransferIO
import TransferProtocol

/// Decides whose files `recv-file` accepts (`--accept`). A ticket or a shared secret shows that its owner was given it. An address shows
/// nothing, so a sender that has only an address needs the consent of a person, at the terminal or by an option.
struct AcceptPolicy {
    /// The treatment of senders that have neither ticket nor secret.
    private enum Strangers { case refused, asked, taken }

    private let asksEverybody: Bool
    private let sharedKey: [UInt8]?
    private let strangers: Strangers

    /// - Parameters:
    ///   - sharedKey: derived from the secret that both sides were given.
    ///   - hasTerminal: whether a person can be asked.
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

    /// A hint about senders without the ticket, for the person who reads the ticket.
    var hint: String {
        switch strangers {
        case _ where sharedKey != nil: "A sender with the shared secret can use an address instead of the ticket."
        case .refused: "A sender without the ticket is refused (see --accept)."
        case .asked: "A sender that has only an address can send if you allow it here; it is asked to compare the key below."
        case .taken: "Everybody who reaches an address can send without the ticket."
        }
    }
}
