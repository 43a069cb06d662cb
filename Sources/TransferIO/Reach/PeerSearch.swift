import Connectivity

/// Which paths to a peer may be used.
public enum PathPolicy: Sendable {
    /// A direct path first, a relay if none is found.
    case any
    /// No relay.
    case directOnly
    /// Only the relay, so that the peer does not learn the addresses of this machine.
    case relayOnly
}

/// A peer that a path is searched to.
public struct PeerSearch: Sendable {
    /// What the peer names as its addresses.
    public var candidates: [NetworkAddress]
    /// The pre-shared key of the transfer, 32 bytes, with which the search is authenticated too.
    public var secret: [UInt8]
    public var policy: PathPolicy
    /// Told on the loop's thread what the search needs; must return at once.
    public var report: @Sendable (SearchReport) -> Void

    public init(
        _ candidates: [NetworkAddress], secret: [UInt8], policy: PathPolicy = .any,
        report: @escaping @Sendable (SearchReport) -> Void = { _ in }
    ) {
        self.candidates = candidates
        self.secret = secret
        self.policy = policy
        self.report = report
    }
}

/// What a search for a path needs of its owner.
public enum SearchReport: Equatable, Sendable {
    /// The search has lasted for a second, and there may be need of a relay: ``TransferLoop/relay(_:access:)`` is to follow, or ``TransferLoop/refuseRelay(_:)``.
    case needsRelay
    /// The relay has refused this side.
    case relayRefused(RelayRefusal)
    /// This machine's addresses may have changed, or a direct path is to be searched again: the peer is to be told the present addresses.
    case needsUpdate
}
