/// Answers the Binding requests that come to a server's socket, seldom enough that nobody is flooded through it: an answer is at most 24
/// bytes longer than its request, and in each second of the clock at most `perSecond` go to one source network (an IPv4 address, an IPv6
/// /64).
///
/// Memory is constant: networks share a fixed number of counters by a keyed hash, and those that share one are limited together.
public struct STUNAnswerer: Sendable {
    private struct Counter {
        /// The second that `count` belongs to.
        var second: Int64 = -1
        var count = 0
    }

    private let perSecond: Int
    private let key: (UInt64, UInt64)
    private var counters: [Counter]

    /// - Parameters:
    ///   - perSecond: answers a second to one network.
    ///   - counters: how many there are; 24 bytes of memory each.
    public init(perSecond: Int = 10, counters: Int = 4096, random: inout some RandomNumberGenerator) {
        self.perSecond = perSecond
        self.counters = Array(repeating: Counter(), count: max(1, counters))
        key = (random.next(), random.next())
    }

    /// The answer to send to `from`; nil if there is to be none.
    public mutating func answer(_ datagram: UnsafeRawBufferPointer, from: NetworkAddress, at now: Duration) -> [UInt8]? {
        guard from.port != 0, let request = STUNBinding.decodeRequest(datagram), admits(from, at: now) else { return nil }
        return switch request {
        case .binding(let transaction): STUNBinding.success(transaction, seen: from)
        case .notUnderstood(let transaction, let attributes): STUNBinding.unknownAttributes(transaction, attributes)
        }
    }

    private mutating func admits(_ source: NetworkAddress, at now: Duration) -> Bool {
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
