/// Decides how many bytes may be in flight, and at what rate they may be sent.
///
/// It is called once for each ack, not for each packet. All sizes are bytes of datagrams.
protocol CongestionController {
    /// Bytes that may be in flight.
    var window: Int { get }
    /// The pacing rate, bytes a second; nil to derive it from `window` and the round-trip time.
    var pacingRate: Double? { get }
    /// Whether the window doubles every round trip.
    var isInSlowStart: Bool { get }
    /// What it is doing, for traces.
    var phase: String { get }

    mutating func sent(packet: UInt64, bytes: Int, inFlight: Int, at now: TransferInstant)
    mutating func acknowledged(_ ack: AckSummary)
    /// - Parameter persistent: persistent congestion is established, because nothing at all got through for its period (RFC 9002 §7.6).
    mutating func lost(_ loss: LossSummary, persistent: Bool)
    /// The path has marked packets "congestion experienced" (ECN).
    /// - Parameter sentAt: when the latest packet that can have been marked was sent, so that there is one reduction a round trip.
    mutating func marked(sentAt: TransferInstant, inFlight: Int, at now: TransferInstant)
    /// All losses that led to the latest reduction were spurious: the packets are acknowledged.
    mutating func lossWasSpurious(at now: TransferInstant)
    mutating func datagramSizeChanged(to bytes: Int)
}

/// What one ACK frame acknowledged.
struct AckSummary {
    var now: TransferInstant
    /// Newly acknowledged bytes, and bytes still in flight.
    var bytes: Int
    var inFlight: Int
    /// Bytes in flight before this ack.
    var priorInFlight: Int
    var largest: UInt64
    /// When the largest newly acknowledged packet was sent.
    var largestSentAt: TransferInstant
    var rtt: RTTEstimator
    /// Whether this ack yielded an RTT sample.
    var hasRTTSample: Bool
    var sample: DeliveryRate.Sample?
    /// Bytes delivered by the connection so far.
    var delivered: UInt64
    /// The window was not the limit, so it must not grow (RFC 9002 §7.8).
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
