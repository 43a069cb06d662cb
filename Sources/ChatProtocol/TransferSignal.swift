/// A message between two clients about a transfer. The server relays it and does not read the payload: this is the one seam between chat
/// and transfer.
///
/// On the wire: `P2P target VERB id :payload`.
public struct TransferSignal: Hashable, Sendable {
    public enum Verb: String, Hashable, CaseIterable, Sendable {
        /// The sender offers a file.
        case offer = "OFFER"
        /// The recipient takes the file.
        case accept = "ACCEPT"
        /// The recipient refuses the file.
        case decline = "DECLINE"
        /// Either side gives up before the data flows.
        case cancel = "CANCEL"
        /// One side sends more candidate addresses, or whatever else the other needs. The server refuses it if the offer is closed.
        case update = "UPDATE"
        /// To the server: the offer is still open. The server relays it, as `OFFER`, to the sessions that have not received the offer.
        case renew = "RENEW"
        /// To the server: this session does not take the file. The server relays it, as `DECLINE`, once no other session of the account can
        /// take the file.
        case refuse = "REFUSE"
        /// To the server, from a session that finds no path to the other side of a transfer that was accepted: it needs a relay. The server
        /// answers, as if it came from the other user, with the same verb and what the session needs.
        case relay = "RELAY"
    }

    public let verb: Verb
    /// The id of the offer, chosen by the sender of the file: 1 to 64 ASCII letters and digits.
    public let id: String
    /// An opaque text without CR, LF or NUL, at most ``Limits/signalBytes`` long.
    public let payload: String

    /// Returns nil for an id or a payload that breaks these rules.
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

    /// The `OFFER` that the server relays for a `RENEW`.
    public var asOffer: TransferSignal { TransferSignal(.offer, id, payload) }
    /// The `DECLINE` that the server relays for a `REFUSE`.
    public var asDecline: TransferSignal { TransferSignal(.decline, id, "") }
}
