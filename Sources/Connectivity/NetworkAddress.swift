/// An IP address and UDP port as a value; IPv4 is held in its IPv4-mapped IPv6 form (RFC 4291 §2.5.5.2).
///
/// A value: nothing here resolves a name or opens a socket.
public struct NetworkAddress: Hashable, Sendable {
    /// The first and the last eight bytes of the IPv6 address, as big-endian numbers.
    public var high: UInt64
    public var low: UInt64
    public var port: UInt16
    /// The interface index of a link-local address, else 0.
    public var scope: UInt32

    @inlinable public init(high: UInt64, low: UInt64, port: UInt16, scope: UInt32 = 0) {
        self.high = high
        self.low = low
        self.port = port
        self.scope = scope
    }

    /// The IPv4 address `ip` (its four bytes as one big-endian number, so 127.0.0.1 is `0x7F00_0001`).
    @inlinable public init(ipv4 ip: UInt32, port: UInt16) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(ip), port: port)
    }

    /// The address as IPv4, or nil if it is not IPv4-mapped.
    @inlinable public var ipv4: UInt32? {
        high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil
    }

    /// Whether both are the same host, whatever the port (RFC 9000 §9.4 keeps the congestion state if only the port changes).
    @inlinable public func isSameHost(as other: Self) -> Bool { high == other.high && low == other.low && scope == other.scope }
}

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
