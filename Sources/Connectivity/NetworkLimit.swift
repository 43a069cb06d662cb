/// Limits what a server does for datagrams whose sender is not proven: in each second of the clock `perSecond` for one source network (an
/// IPv4 address, an IPv6 /64).
///
/// Memory is constant: networks share a fixed number of counters by a keyed hash, and those that share one are limited together.
struct NetworkLimit: Sendable {
    private struct Counter {
        /// The second that `count` belongs to.
        var second: Int64 = -1
        var count = 0
    }

    private let perSecond: Int
    private let key: (UInt64, UInt64)
    private var counters: [Counter]

    /// - Parameters:
    ///   - perSecond: how often a second it admits one network.
    ///   - counters: how many there are; 24 bytes of memory each.
    init(perSecond: Int, counters: Int = 4096, random: inout some RandomNumberGenerator) {
        self.perSecond = perSecond
        self.counters = Array(repeating: Counter(), count: max(1, counters))
        key = (random.next(), random.next())
    }

    /// Whether something more may be done for `source` at `now`; counts it if so.
    mutating func admits(_ source: NetworkAddress, at now: Duration) -> Bool {
        let index = counter(of: source)
        let second = now.components.seconds
        if counters[index].second != second { counters[index] = Counter(second: second) }
        guard counters[index].count < perSecond else { return false }
        counters[index].count += 1
        return true
    }

    /// Without the key nobody can choose addresses that share the counter of another.
    private func counter(of source: NetworkAddress) -> Int {
        var hash = (source.high ^ key.0) &* (key.1 | 1)
        // An IPv6 network is the upper half; IPv4 is in the lower half.
        if let ip = source.ipv4 { hash = (hash ^ UInt64(ip)) &* (key.1 | 1) }
        hash ^= hash >> 32
        hash = (hash ^ key.0) &* 0xD6E8_FEB8_6659_FD93
        hash ^= hash >> 32
        return Int(hash % UInt64(counters.count))
    }
}
