import Connectivity

/// What the driver tells a connection about paths to its peer, beside those on which datagrams come.
extension TransferConnection {
    /// Whether the peer is reached through a relay.
    public var isRelayed: Bool { path.isRelayed }

    /// Whether the peer has been silent for so long, though it was asked, that another path to it is to be searched.
    public var isSilent: Bool { phase == .established && recovery.probeCount >= 2 }

    /// Names the relay through which the peer is reached if no direct path is left.
    /// - Parameters:
    ///   - address: stands for the peer (``NetworkAddress/init(relayLeg:)``); nil if there is none.
    ///   - rate: what the relay passes on, bytes a second.
    public func setRelay(_ address: NetworkAddress?, rate: Double?, at now: TransferInstant) {
        paths.relayed = address
        relayRate = rate
        if path.isRelayed { updatePacer(at: now) }
    }

    /// Moves to a direct path that a search has found, once it is validated. The sender of the files chooses; a receiver only follows.
    /// - Returns: false if the connection is not established yet.
    @discardableResult public func propose(_ address: NetworkAddress, at now: TransferInstant) -> Bool {
        guard phase == .established else { return false }
        if role == .sender { paths.propose(address, at: now) }
        return true
    }
}
