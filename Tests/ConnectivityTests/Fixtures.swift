import Connectivity

extension NetworkAddress {
    /// From four numbers, such as `.ip(192, 0, 2, 1)`.
    static func ip(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, port: UInt16 = 5000) -> NetworkAddress {
        NetworkAddress(ipv4: a << 24 | b << 16 | c << 8 | d, port: port)
    }

    static func ipv6(_ high: UInt64, _ low: UInt64, port: UInt16 = 5000, scope: UInt32 = 0) -> NetworkAddress {
        NetworkAddress(high: high, low: low, port: port, scope: scope)
    }
}

extension Duration {
    static func ms(_ count: Int) -> Duration { .milliseconds(count) }
}

/// The secret of the transfer in these tests.
let secret = [UInt8](repeating: 7, count: 32)
