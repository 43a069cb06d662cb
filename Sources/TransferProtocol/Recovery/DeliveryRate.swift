/// Delivery-rate samples (draft-ietf-ccwg-bbr §4.1): the rate at which data arrived over the life of one packet.
struct DeliveryRate {
    struct Sample {
        /// Bytes a second; 0 if the interval was too short for a rate.
        var rate: Double = 0
        /// The sender had less to send than it was allowed to.
        var isAppLimited = false
        /// Bytes delivered over the interval.
        var delivered: UInt64 = 0
        /// `delivered` of the connection when the newest acknowledged packet was sent; marks round trips.
        var priorDelivered: UInt64 = 0
        /// Bytes lost since that packet was sent.
        var lost: UInt64 = 0
        /// Bytes in flight when it was sent, itself included.
        var inFlight = 0
    }

    private(set) var delivered: UInt64 = 0
    private(set) var lost: UInt64 = 0
    private var deliveredAt = TransferInstant.zero
    private var firstSentAt = TransferInstant.zero
    /// Samples are app-limited until this many bytes are delivered; 0 if they are not.
    private var appLimitedUntil: UInt64 = 0
    private var newest: SentPacket?
    private var newestSentAt = TransferInstant.zero

    /// Copies the connection's counters into a packet that is about to be sent.
    mutating func stamp(_ packet: inout SentPacket, bytesInFlight: Int, at now: TransferInstant) {
        if bytesInFlight == 0 {
            firstSentAt = now
            deliveredAt = now
        }
        packet.delivered = delivered
        packet.deliveredAt = deliveredAt
        packet.firstSentAt = firstSentAt
        packet.lostBefore = lost
        packet.inFlight = UInt32(clamping: bytesInFlight + Int(packet.size))
        packet.isAppLimited = appLimitedUntil != 0
    }

    /// Records that there is nothing to send though the window has room.
    mutating func markAppLimited(bytesInFlight: Int) { appLimitedUntil = max(delivered + UInt64(bytesInFlight), 1) }

    mutating func acknowledged(_ packet: SentPacket, at now: TransferInstant) {
        delivered += UInt64(packet.size)
        deliveredAt = now
        if newest == nil || packet.sentAt >= newestSentAt {
            newest = packet
            newestSentAt = packet.sentAt
        }
    }

    mutating func wasLost(_ bytes: Int) { lost += UInt64(bytes) }

    /// The sample of the ack just processed; nil if it acknowledged nothing new.
    /// - Parameter typical: the packet whose life is measured; nil for the newest one, which may have overtaken others.
    mutating func sample(of typical: SentPacket?, minimumRTT: TransferDuration) -> Sample? {
        guard let packet = typical ?? newest else { return nil }
        newest = nil
        firstSentAt = max(firstSentAt, packet.sentAt)
        if appLimitedUntil != 0, delivered > appLimitedUntil { appLimitedUntil = 0 }
        var sample = Sample()
        sample.isAppLimited = packet.isAppLimited
        sample.delivered = delivered - packet.delivered
        sample.priorDelivered = packet.delivered
        sample.lost = lost - packet.lostBefore
        sample.inFlight = Int(packet.inFlight)
        let interval = max(packet.sentAt - packet.firstSentAt, deliveredAt - packet.deliveredAt)
        // An interval shorter than a round trip measures ack compression (§4.1.2.3).
        if interval.nanoseconds > 0, interval >= minimumRTT { sample.rate = Double(sample.delivered) / interval.inSeconds }
        return sample
    }
}
