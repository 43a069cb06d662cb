/// How far the path reorders packets, so that late ones are not declared lost: RFC 8985 §6.2.
///
/// On a path with reordering time alone decides about loss, because the number of packets that overtook one says little. A packet is waited
/// for beyond a round trip by at least a quarter of the minimum RTT, and longer if packets were that late. This is forgotten after sixteen
/// to thirty-two loss episodes without reordering.
struct Reordering {
    private static let memory = 16

    /// The greatest delay of a packet beyond the round trip in which it was expected.
    private var latest: (current: TransferDuration?, previous: TransferDuration?)
    private var recoveries = 0

    var isSeen: Bool { latest.current != nil || latest.previous != nil }

    /// How much longer than a round trip a packet is waited for once a later one has arrived.
    func patience(_ rtt: RTTEstimator) -> TransferDuration {
        // RFC 9002 §6.1.2
        guard isSeen else { return max(rtt.latest, rtt.smoothed) / 8 }
        let seen = max(latest.current ?? .zero, latest.previous ?? .zero)
        return min(max(rtt.minimum / 4, seen + seen / 8), rtt.smoothed)
    }

    /// Records a packet that arrived after one that was sent later.
    /// - Parameter delay: how much later than expected it arrived.
    mutating func cameLate(by delay: TransferDuration) { latest.current = max(latest.current ?? .zero, delay) }

    /// Records that a new loss episode began.
    mutating func lossesBegan() {
        recoveries += 1
        guard recoveries >= Self.memory else { return }
        recoveries = 0
        latest = (current: nil, previous: latest.current)
    }
}

/// The median of the latest RTT samples. Acks are reordered too: one that arrives early must not pass for a shorter path.
struct MedianRoundTrip {
    private static let length = 9
    private var samples: [TransferDuration] = []

    mutating func add(_ sample: TransferDuration) -> TransferDuration {
        if samples.count == Self.length { samples.removeFirst() }
        samples.append(sample)
        return samples.sorted()[samples.count / 2]
    }
}
