/// How far the path takes packets out of their order, so that what comes late is not taken for lost: RFC 8985 §6.2.
///
/// A path that was seen to do so is judged by time alone. How many packets overtook one says little there, and a packet is waited for
/// at least a quarter of the least round trip longer than a round trip, and longer where some came that late. This is forgotten when
/// sixteen recoveries, and at most twice as many, passed without.
struct Reordering {
    private static let memory = 16

    /// The latest that a packet came after the round trip in which it would have been expected.
    private var latest: (current: TransferDuration?, previous: TransferDuration?)
    private var recoveries = 0

    var isSeen: Bool { latest.current != nil || latest.previous != nil }

    /// For how much longer than a round trip a packet is waited for when a later one has come.
    func patience(_ rtt: RTTEstimator) -> TransferDuration {
        // RFC 9002 §6.1.2
        guard isSeen else { return max(rtt.latest, rtt.smoothed) / 8 }
        let seen = max(latest.current ?? .zero, latest.previous ?? .zero)
        return min(max(rtt.minimum / 4, seen + seen / 8), rtt.smoothed)
    }

    /// A packet came behind one that was sent after it.
    /// - Parameter delay: by how much later than expected.
    mutating func cameLate(by delay: TransferDuration) { latest.current = max(latest.current ?? .zero, delay) }

    /// A new episode of losses began.
    mutating func lossesBegan() {
        recoveries += 1
        guard recoveries >= Self.memory else { return }
        recoveries = 0
        latest = (current: nil, previous: latest.current)
    }
}

/// The median of the latest samples. Acks overtake each other, too: one that came sooner than the path takes must not pass for a shorter path.
struct MedianRoundTrip {
    private static let length = 9
    private var samples: [TransferDuration] = []

    mutating func add(_ sample: TransferDuration) -> TransferDuration {
        if samples.count == Self.length { samples.removeFirst() }
        samples.append(sample)
        return samples.sorted()[samples.count / 2]
    }
}
