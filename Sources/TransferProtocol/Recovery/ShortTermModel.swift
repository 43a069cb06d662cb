/// What congestion between two probes for bandwidth teaches BBR, for the time until the next probe: the short-term model of
/// draft-ietf-ccwg-bbr §5.5.10, where it is for when the flow does not probe.
///
/// In the draft what is in flight is cut to no less than what was delivered in the last round, so a flow that finds a queue filled by
/// another one keeps its part for ever, and the other one, which backs off each time, loses its own. Here it is cut as by CUBIC.
struct ShortTermModel {
    private static let beta = 0.7

    /// Bytes a second; infinite where nothing was learned.
    private(set) var bandwidth = Double.infinity
    /// Bytes; `Int.max` where nothing was learned.
    private(set) var inFlight = Int.max

    /// The round trip in which a loss was found, by what was delivered: one cut for each.
    private var roundEnd: UInt64 = 0
    private var hasLoss = false
    private var isCongested = false
    private var latestBandwidth = 0.0

    /// - Parameters:
    ///   - delivered: by the connection so far.
    ///   - isCongestion: the loss is not random.
    mutating func lost(delivered: UInt64, isCongestion: Bool) {
        if !hasLoss { roundEnd = delivered }
        hasLoss = true
        isCongested = isCongested || isCongestion
    }

    /// - Parameters:
    ///   - bandwidth: what the long-term model has.
    ///   - isProbing: loss now says that the probe has found the limit, and nothing else.
    /// - Returns: whether there was congestion that no probe of this flow had made.
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
