/// The round-trip time, estimated as in RFC 9002 §5.
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

    /// Adds a sample.
    /// - Parameters:
    ///   - sample: from the sending of the largest newly acknowledged packet to its ack.
    /// - ackDelay: the ack delay that the peer reports, already limited to its maximum.
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

    /// A copy with another latest sample.
    func with(latest: TransferDuration) -> RTTEstimator {
        var other = self
        other.latest = latest
        return other
    }

    /// The probe timeout without backoff, RFC 9002 §6.2.1.
    func probeTimeout(maximumAckDelay: TransferDuration) -> TransferDuration {
        smoothed + max(variation * 4, Self.granularity) + maximumAckDelay
    }

    /// Resets the estimate after a change of path (RFC 9000 §9.4).
    mutating func reset() { self = RTTEstimator() }
}
