/// Decides how many bytes may be in flight, and how fast they may leave.
///
/// One call for each ack, not for each packet. All sizes are bytes of datagrams.
protocol CongestionController {
    /// Bytes that may be in flight.
    var window: Int { get }
    /// Bytes a second to pace at, where the controller knows better than `window` per round trip.
    var pacingRate: Double? { get }
    /// Whether the window still doubles every round trip.
    var isInSlowStart: Bool { get }

    mutating func sent(packet: UInt64, bytes: Int, inFlight: Int, at now: TransferInstant)
    mutating func acknowledged(_ ack: AckSummary)
    /// - Parameter persistent: nothing at all got through for the persistent congestion period (RFC 9002 §7.6).
    mutating func lost(_ loss: LossSummary, persistent: Bool)
    /// The path marked packets "congestion experienced" (ECN).
    /// - Parameter sentAt: when the latest of those it can have been was sent: one reduction a round trip.
    mutating func marked(sentAt: TransferInstant, inFlight: Int, at now: TransferInstant)
    /// Everything that the latest reduction was made for arrived after all.
    mutating func lossWasSpurious(at now: TransferInstant)
    mutating func datagramSizeChanged(to bytes: Int)
}

/// What one ACK frame told.
struct AckSummary {
    var now: TransferInstant
    /// Newly acknowledged bytes, and those that stay in flight.
    var bytes: Int
    var inFlight: Int
    /// In flight before this ack.
    var priorInFlight: Int
    var largest: UInt64
    /// When the largest newly acknowledged packet was sent.
    var largestSentAt: TransferInstant
    var rtt: RTTEstimator
    /// Whether this ack carried an RTT sample.
    var hasRTTSample: Bool
    var sample: DeliveryRate.Sample?
    /// Delivered so far, all in all.
    var delivered: UInt64
    /// The window was not the limit: it must not grow (RFC 9002 §7.8).
    var isAppLimited: Bool
}

struct LossSummary {
    var now: TransferInstant
    var bytes: Int
    var packets: Int
    var inFlight: Int
    var largest: UInt64
    /// When the latest of the lost packets was sent: one reduction a round trip (RFC 9002 §7.3.2).
    var latestSentAt: TransferInstant
    var smoothedRTT: TransferDuration
    /// Rate counters of the largest lost packet.
    var sample: DeliveryRate.Sample
    var delivered: UInt64
}
