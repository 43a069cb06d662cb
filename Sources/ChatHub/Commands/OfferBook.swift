import ChatProtocol
import ChatStore

/// The file offers: who made each, which sessions know of it, and its state. Offers end with the session that made them.
struct OfferBook {
    struct Key: Hashable {
        let from: AccountID
        let to: AccountID
        /// Chosen by the client that offers.
        let id: String
    }

    enum State: Hashable {
        case open
        case taken(by: SessionID)
        /// Declined or stopped. Stored, so that a signal already on its way does not reopen the offer.
        case settled
    }

    struct Offer {
        var session: SessionID
        var state = State.open
        var informed: Set<SessionID> = []
        /// Sessions that have refused the offer.
        var refusing: Set<SessionID> = []
    }

    /// The most offers of one session. A further one drops the oldest.
    static let limit = 256

    private var offers: [Key: Offer] = [:]
    /// The offers of each session, the oldest first.
    private var keys: [SessionID: [Key]] = [:]

    subscript(_ key: Key) -> Offer? {
        get { offers[key] }
        set {
            guard let offer = newValue else { return end(key) }
            if offers[key]?.session != offer.session {
                end(key)
                if let mine = keys[offer.session], mine.count >= OfferBook.limit { end(mine[0]) }
                keys[offer.session, default: []].append(key)
            }
            offers[key] = offer
        }
    }

    /// Drops all offers of a session.
    mutating func end(of session: SessionID) {
        for key in keys.removeValue(forKey: session) ?? [] { offers[key] = nil }
    }

    private mutating func end(_ key: Key) {
        guard let session = offers.removeValue(forKey: key)?.session else { return }
        keys[session]?.removeAll { $0 == key }
        if keys[session]?.isEmpty == true { keys[session] = nil }
    }

    var count: Int { offers.count }
}
