/// What two clients tell each other about a transfer through the server, which reads none of it: the one seam between chat and transfer.
///
/// On the wire: `P2P target VERB id :payload`.
public struct TransferSignal: Hashable, Sendable {
    public enum Verb: String, Hashable, CaseIterable, Sendable {
        /// A file is offered.
        case offer = "OFFER"
        /// It is taken.
        case accept = "ACCEPT"
        /// It is refused.
        case decline = "DECLINE"
        /// Either side gives up before the data flows.
        case cancel = "CANCEL"
        /// More candidate addresses, or whatever else the two sides need. Fails where what it is about does not stand any more.
        case update = "UPDATE"
        /// To the server: the offer stands. It is passed on, as `OFFER`, to sessions that have not heard of it.
        case renew = "RENEW"
        /// To the server: this session does not take the file. It is passed on, as `DECLINE`, once no other session of the account can take it.
        case refuse = "REFUSE"
    }

    public let verb: Verb
    /// Chosen by who offers: 1 to 64 of ASCII letters and digits.
    public let id: String
    /// Opaque text without CR, LF or NUL, at most ``Limits/signalBytes``.
    public let payload: String

    /// Nil for an id or a payload that breaks the rules.
    public init?(verb: Verb, id: String, payload: String) {
        guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ Name.isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) }),
            payload.utf8.count <= Limits.signalBytes, !payload.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D })
        else { return nil }
        self.init(verb, id, payload)
    }

    private init(_ verb: Verb, _ id: String, _ payload: String) {
        self.verb = verb
        self.id = id
        self.payload = payload
    }

    /// An offer that was renewed, as who has not heard of it is told.
    public var asOffer: TransferSignal { TransferSignal(.offer, id, payload) }
    /// What the other side is told where nobody takes it.
    public var asDecline: TransferSignal { TransferSignal(.decline, id, "") }
}
