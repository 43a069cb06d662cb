import Connectivity
import TransferProtocol

/// The search for a path to one peer, and what has come of it: a relay, and the connections that use it.
struct SearchState {
    let role: SearchRole
    var peer: PeerSearch
    var finder: PathFinder
    /// Until then the peer's probes are answered, even if no connection uses the search.
    var keptUntil: TransferInstant
    /// Sessions that wait for a path.
    var waiting: [(session: TransferSession, ending: (NetworkAddress?) -> Void)] = []
    /// When the owner is asked for a relay.
    var asksForRelayAt: TransferInstant
    /// When a relay is used, unless a direct path is found before.
    let relayedFrom: TransferInstant
    /// When the search has failed, if neither a direct path nor a relay is there.
    var givesUpAt: TransferInstant
    /// What the relay is reached with, once the owner has it.
    var access: RelayAccess?
    /// Whether the connections know of the address that was found.
    var isTaken = false
    /// Whether no relay will come.
    var hasNoRelay = false
    var relay: RelayPath?
    /// The connections that were made on paths of this search, by their handles.
    var connections: Set<UInt64> = []
    /// When a direct path is searched again, while a connection is relayed.
    var nextSearch: TransferInstant
    var searchPause = Self.firstPause
    /// When the peer was last told of this side's addresses because nothing came any longer.
    var updatedAt: TransferInstant

    /// A direct path has this long before a relay is asked for, and before it is used.
    private static let directAlone = (asked: TransferDuration.seconds(Int64(1)), used: TransferDuration.milliseconds(1500))
    /// How long the peer's probes are answered, from the start of a search: longer than any search lasts, for a peer that begins late.
    static let keep = TransferDuration.seconds(Int64(30))
    /// All that a search may take, with the relay.
    private static let whole = TransferDuration.milliseconds(7500)
    /// While a transfer is relayed, a direct path is searched again after 10 s, 20 s and so on.
    static let firstPause = TransferDuration.seconds(Int64(10))
    static let longestPause = TransferDuration.seconds(Int64(300))

    init(_ peer: PeerSearch, role: SearchRole, at now: TransferInstant) {
        self.role = role
        self.peer = peer
        finder = Self.finder(peer, role, at: now)
        keptUntil = now + Self.keep
        let isRelayed = peer.policy == .relayOnly
        asksForRelayAt = peer.policy == .directOnly ? .distantFuture : isRelayed ? now : now + Self.directAlone.asked
        relayedFrom = isRelayed ? now : now + Self.directAlone.used
        givesUpAt = now + Self.whole
        hasNoRelay = peer.policy == .directOnly
        nextSearch = now + Self.firstPause
        updatedAt = now
    }

    private static func finder(_ peer: PeerSearch, _ role: SearchRole, at now: TransferInstant) -> PathFinder {
        PathFinder(
            role: role, secret: peer.secret, candidates: peer.policy == .relayOnly ? [] : peer.candidates, includesLoopback: true,
            random: SystemRandomNumberGenerator(), at: now.duration)
    }

    /// The address at which the peer has answered.
    var found: NetworkAddress? {
        if case .found(let address, _) = finder.state { return address }
        return nil
    }

    /// Searches again, now that the peer has named its addresses anew.
    mutating func restart(_ candidates: [NetworkAddress], at now: TransferInstant) {
        if !candidates.isEmpty { peer.candidates = candidates }
        finder = Self.finder(peer, role, at: now)
        isTaken = false
        keptUntil = max(keptUntil, now + Self.keep)
    }
}

extension TransferInstant {
    /// The same time as the pure parts of the search for a path have it.
    var duration: Duration { .nanoseconds(Int64(clamping: nanoseconds)) }

    init(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        self.init(nanoseconds: UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }
}
