import ChatProtocol
import ChatStore

/// The files on offer: which session made each offer, who has been told of it, and what became of it. It is gone with that session.
struct OfferBook {
    struct Key: Hashable {
        let from: AccountID
        let to: AccountID
        /// Chosen by who offers.
        let id: String
    }

    enum State: Hashable {
        case open
        case taken(by: SessionID)
        /// Declined or stopped; kept so that it is not opened again by what was on its way.
        case settled
    }

    struct Offer {
        var session: SessionID
        var state = State.open
        var told: Set<SessionID> = []
        /// Sessions that do not take it themselves.
        var refusing: Set<SessionID> = []
    }

    /// Offers of one session; beyond that the oldest is forgotten.
    static let limit = 256

    private var offers: [Key: Offer] = [:]
    /// The oldest first.
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

    /// All that the session has made.
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
