/// A transfer knows where its peer is as a ``NetworkAddress``. A peer that is reached through a relay has one, too, which no datagram on a
/// network ever has: it is within the prefix 100::/64, whose addresses are dropped everywhere (RFC 6666), and no candidate.
extension NetworkAddress {
    private static let relayPrefix: UInt64 = 0x0100 << 48

    /// Stands for the peer at the other end of the relay to which this side has the leg `relayLeg`.
    public init(relayLeg: UInt64) { self.init(high: Self.relayPrefix, low: relayLeg, port: 1) }

    /// Whether it stands for a peer behind a relay.
    public var isRelayed: Bool { high == Self.relayPrefix }

    /// This side's leg of the relay.
    public var relayLeg: UInt64? { isRelayed ? low : nil }
}
