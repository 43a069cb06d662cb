/// An address of this host, in the form of ``NetworkAddress``: where a datagram arrived, or where it is sent from.
public struct LocalAddress: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64
    /// The interface index of a link-local address, else 0.
    public var interface: UInt32

    @inlinable public init(high: UInt64, low: UInt64, interface: UInt32 = 0) {
        self.high = high
        self.low = low
        self.interface = interface
    }

    /// An unknown address, or one that the kernel chooses by its routes.
    public static let any = Self(high: 0, low: 0)
}

/// A network path in the sense of RFC 9000 §9, defined by both its ends: the same peer at another address of this host is another path.
struct NetworkPath: Hashable {
    var remote: NetworkAddress
    var local: LocalAddress

    /// Whether both paths join the same hosts, whatever the peer's port.
    func hasSameHosts(as other: Self) -> Bool { remote.isSameHost(as: other.remote) && local == other.local }
}
