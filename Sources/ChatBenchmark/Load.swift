/// A load on a server: who sends how much to whom.
struct Load {
    enum Kind {
        /// Every client sends messages to the group it is in.
        case groups
        /// Clients send direct messages to each other in pairs.
        case pairs
        /// Clients log in and stay idle.
        case idle
    }

    let kind: Kind
    /// Clients in one group: two for pairs, one for idle clients.
    let groupSize: Int
    let groups: Int
    /// Messages that a client has in flight where ``rate`` is nil. A message counts as acknowledged when the next member of its group has
    /// received it.
    var window = 1
    /// Messages a second of all clients together. Each is due at a fixed time and its latency is measured from then, so that a stall of the
    /// server shows.
    var rate: Double?
    /// Length of the measured interval, in seconds; it begins after ``warmUp``.
    var seconds = 5.0
    var warmUp = 1.0
    /// Longest wait for late deliveries at the end, in seconds.
    var drain = 10.0
    /// Log-ins and joins in progress at a time.
    static let atOnce = 64
    /// Length of a message text, in bytes.
    static let textBytes = 64

    var clients: Int { groupSize * groups }
}

/// The result of a ``Load``.
struct LoadResult {
    var logInsPerSecond = 0.0
    /// Messages a second in the measured interval.
    var messagesPerSecond = 0.0
    var deliveriesPerSecond = 0.0
    /// Processor time of the server in the measured interval, in seconds.
    var processorSeconds = 0.0
    var deliveries = 0
    /// The time from when a message was due to its delivery.
    var latency = LatencyHistogram()
    /// Resident memory of the server for each connection, in bytes.
    var memoryPerConnection = 0.0
    var lost = 0
    var repeated = 0
    var reordered = 0
    /// Share of one core that the load generator used. Near one, the figures are a lower bound.
    var generatorShare = 0.0

    var isExact: Bool { lost == 0 && repeated == 0 && reordered == 0 }
}

/// A histogram whose buckets grow with the value: a quantile is at most 3 % too high.
struct LatencyHistogram {
    private var counts = [Int](repeating: 0, count: 64 * 32)
    private(set) var total = 0

    /// - Parameter value: a latency, in nanoseconds.
    mutating func add(_ value: UInt64) {
        let exponent = value < 32 ? 0 : 64 - value.leadingZeroBitCount - 5
        counts[min(exponent * 32 + Int(value >> UInt64(exponent)), counts.count - 1)] += 1
        total += 1
    }

    /// The latency in milliseconds that a `share` of the values does not exceed; not a number where nothing was counted.
    func quantile(_ share: Double) -> Double {
        guard total > 0 else { return .nan }
        let wanted = max(1, Int((share * Double(total)).rounded(.up)))
        var seen = 0
        for (index, count) in counts.enumerated() {
            seen += count
            guard seen >= wanted else { continue }
            let exponent = index / 32
            return Double((index - exponent * 32 + 1) << exponent) / 1e6
        }
        return .nan
    }
}
