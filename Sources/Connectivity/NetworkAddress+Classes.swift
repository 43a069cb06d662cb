/// What kind of address it is, by its number alone (RFC 6890, RFC 4291 §2.4). An IPv4-mapped address has the class of its IPv4 address.
extension NetworkAddress {
    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool { ipv4.map { $0 >> 24 == 127 } ?? (high == 0 && low == 1) }

    /// fe80::/10 or 169.254.0.0/16, which is valid on one link only.
    public var isLinkLocal: Bool { ipv4.map { $0 >> 16 == 0xA9FE } ?? (high >> 54 == 0x3FA) }

    /// 0.0.0.0 or ::.
    public var isUnspecified: Bool { ipv4.map { $0 == 0 } ?? (high == 0 && low == 0) }

    /// 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool { ipv4.map { $0 >> 28 == 0xE } ?? (high >> 56 == 0xFF) }

    /// 255.255.255.255. The broadcast address of a network cannot be told from a host's without its prefix.
    public var isBroadcast: Bool { ipv4 == 0xFFFF_FFFF }

    /// An address that others may have as well: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918), 100.64.0.0/10 within a carrier's
    /// network (RFC 6598), fc00::/7 (RFC 4193).
    public var isPrivate: Bool {
        guard let ip = ipv4 else { return high >> 57 == 0x7E }
        return ip >> 24 == 10 || ip >> 20 == 0xAC1 || ip >> 16 == 0xC0A8 || ip >> 22 == 0x191
    }

    /// An address that means one host everywhere: IPv4 unicast of no other class, or IPv6 of 2000::/3 (RFC 4291 §2.4).
    ///
    /// Networks for documentation (RFC 5737, RFC 3849) count: laboratories use them as the public network, and nobody is harmed by a
    /// datagram to one.
    public var isGlobal: Bool {
        guard let ip = ipv4 else { return high >> 61 == 1 }
        // 0.0.0.0/8 is "this network", 240.0.0.0/4 is reserved (RFC 6890).
        return ip >> 24 != 0 && ip >> 28 < 0xE && !isLoopback && !isLinkLocal && !isPrivate
    }

    /// Whether a datagram to it can reach one other host, and nothing but one host.
    public func isReachable(includingLoopback: Bool = false) -> Bool {
        port != 0 && (isGlobal || isPrivate || isLinkLocal || includingLoopback && isLoopback)
    }
}

extension NetworkAddress {
    /// The address with port 0: the host.
    var host: NetworkAddress { NetworkAddress(high: high, low: low, port: 0, scope: scope) }
}
