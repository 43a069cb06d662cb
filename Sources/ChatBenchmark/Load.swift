/// What is put on a server, and how.
struct Load {
    enum Kind {
        /// Everybody says things to the group it is in.
        case groups
        /// Clients say things to each other in pairs.
        case pairs
        /// They log in and are there.
        case idle
    }

    let kind: Kind
    /// Clients of one group; two for pairs, one for idle clients.
    let groupSize: Int
    let groups: Int
    /// Messages that a client has under way at a time, where ``rate`` is nil: acknowledged is what has arrived at the next member of its group.
    var window = 1
    /// Messages a second of all clients together, each due at a fixed time and measured from then, so that a stall shows in the latency.
    var rate: Double?
    /// Measured, after ``warmUp``.
    var seconds = 5.0
    var warmUp = 1.0
    /// How long late deliveries are waited for.
    var drain = 10.0
    /// Log-ins and joins under way at a time.
    static let atOnce = 64
    /// Bytes of a message.
    static let textBytes = 64

    var clients: Int { groupSize * groups }
}

/// What came of a ``Load``.
struct LoadResult {
    var logInsPerSecond = 0.0
    /// Of the measured stretch.
    var messagesPerSecond = 0.0
    var deliveriesPerSecond = 0.0
    /// Server's processor time of the measured stretch, seconds.
    var processorSeconds = 0.0
    var deliveries = 0
    /// From when a message was due to its delivery.
    var latency = LatencyHistogram()
    /// Of the server, bytes, for each of the connections.
    var memoryPerConnection = 0.0
    var lost = 0
    var repeated = 0
    var reordered = 0
    /// Of one core, what this program used: near one, the figures are a lower bound.
    var generatorShare = 0.0

    var isExact: Bool { lost == 0 && repeated == 0 && reordered == 0 }
}

/// Counts in buckets that grow with the value: a quantile is at most 3 % high.
struct LatencyHistogram {
    private var counts = [Int](repeating: 0, count: 64 * 32)
    private(set) var total = 0

    /// - Parameter value: nanoseconds.
    mutating func add(_ value: UInt64) {
        let exponent = value < 32 ? 0 : 64 - value.leadingZeroBitCount - 5
        counts[min(exponent * 32 + Int(value >> UInt64(exponent)), counts.count - 1)] += 1
        total += 1
    }

    /// Milliseconds; not a number where nothing was counted.
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
