/// Round-trip time as RFC 9002 §5 estimates it.
struct RTTEstimator {
    /// RFC 9002 §6.2.2, before there is a sample.
    static let initial = TransferDuration.milliseconds(333)
    /// The system's timer resolution as assumed in timers (RFC 9002 §6.1.2).
    static let granularity = TransferDuration.milliseconds(1)

    private(set) var latest = TransferDuration.zero
    private(set) var smoothed = Self.initial
    private(set) var variation = Self.initial / 2
    private(set) var minimum = TransferDuration.zero
    private(set) var hasSample = false

    /// Takes a sample.
    /// - Parameters:
    ///   - sample: from the sending of the largest newly acknowledged packet to its ack.
    ///   - ackDelay: how long the peer says it held the ack, already limited to its maximum.
    mutating func add(_ sample: TransferDuration, ackDelay: TransferDuration) {
        latest = sample
        guard hasSample else {
            hasSample = true
            minimum = sample
            smoothed = sample
            variation = sample / 2
            return
        }
        minimum = min(minimum, sample)
        let adjusted = sample >= minimum + ackDelay ? sample - ackDelay : sample
        let difference = smoothed > adjusted ? smoothed - adjusted : adjusted - smoothed
        variation = (variation * 3 + difference) / 4
        smoothed = (smoothed * 7 + adjusted) / 8
    }

    /// The same with another latest sample.
    func with(latest: TransferDuration) -> RTTEstimator {
        var other = self
        other.latest = latest
        return other
    }

    /// The probe timeout without backoff, RFC 9002 §6.2.1.
    func probeTimeout(maximumAckDelay: TransferDuration) -> TransferDuration {
        smoothed + max(variation * 4, Self.granularity) + maximumAckDelay
    }

    /// Forgets the past after the path changed (RFC 9000 §9.4).
    mutating func reset() { self = RTTEstimator() }
}
