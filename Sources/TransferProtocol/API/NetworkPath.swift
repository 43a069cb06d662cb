/// An address of this host, in the form of ``NetworkAddress``: where a datagram came to, or is to leave from.
public struct LocalAddress: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64
    /// The interface of a link-local address, else 0.
    public var interface: UInt32

    @inlinable public init(high: UInt64, low: UInt64, interface: UInt32 = 0) {
        self.high = high
        self.low = low
        self.interface = interface
    }

    /// Not known, or left to the kernel, which follows its routes.
    public static let any = Self(high: 0, low: 0)
}

/// Both ends of the way to a peer, as RFC 9000 §9 has it: the same peer at another address of this host is another path.
struct NetworkPath: Hashable {
    var remote: NetworkAddress
    var local: LocalAddress

    /// Whether both run between the same hosts' addresses, whatever the peer's port.
    func hasSameHosts(as other: Self) -> Bool { remote.isSameHost(as: other.remote) && local == other.local }
}
