/// The limits of BBR from congestion between two bandwidth probes, which hold until the next probe: the short-term model of
/// draft-ietf-ccwg-bbr §5.5.10.
///
/// The draft reduces the bytes in flight to no less than was delivered in the last round, so a flow that finds a queue filled by another
/// one keeps its share for ever, and the other one, which backs off each time, loses its own. Here they are reduced as CUBIC's window is.
struct ShortTermModel {
    private static let beta = 0.7

    /// Bytes a second; infinite if there is no limit.
    private(set) var bandwidth = Double.infinity
    /// Bytes; `Int.max` if there is no limit.
    private(set) var inFlight = Int.max

    /// The end of the round trip in which a loss was found, in bytes delivered: there is one reduction for each.
    private var roundEnd: UInt64 = 0
    private var hasLoss = false
    private var isCongested = false
    private var latestBandwidth = 0.0

    /// - Parameters:
    /// - delivered: bytes delivered by the connection so far.
    /// - isCongestion: whether the loss is a sign of congestion, not random.
    mutating func lost(delivered: UInt64, isCongestion: Bool) {
        if !hasLoss { roundEnd = delivered }
        hasLoss = true
        isCongested = isCongested || isCongestion
    }

    /// - Parameters:
    /// - bandwidth: the estimate of the long-term model, bytes a second.
    /// - isProbing: whether a probe is in progress; then a loss only shows that the probe has found the limit.
    /// - Returns: whether there was congestion that no probe of this flow caused.
    mutating func acknowledged(_ ack: AckSummary, _ sample: DeliveryRate.Sample, bandwidth known: Double, isProbing: Bool) -> Bool {
        latestBandwidth = max(latestBandwidth, sample.rate)
        guard sample.priorDelivered >= roundEnd else { return false }
        roundEnd = ack.delivered
        let cuts = isCongested && !isProbing
        if cuts {
            bandwidth = max(latestBandwidth, min(known, bandwidth) * Self.beta)
            inFlight = Int(Double(min(inFlight, ack.priorInFlight)) * Self.beta)
        }
        hasLoss = false
        isCongested = false
        latestBandwidth = sample.rate
        return cuts
    }

    mutating func forget() {
        bandwidth = .infinity
        inFlight = .max
    }
}
