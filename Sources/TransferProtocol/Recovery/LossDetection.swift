/// Acks in, fates of packets out: RFC 9002 §6, for one packet number space.
///
/// What became of the contents of packets is left in `acknowledged` and `lost` for the owner to act on after each call.
struct LossDetection {
    /// RFC 9002 §6.1.1; raised when it turns out that the path reorders more.
    private var packetThreshold: UInt64 = 3
    /// In eighths of a round trip; RFC 9002 §6.1.2 begins with 9, spurious losses raise it to at most 16.
    private var timeThreshold: Int64 = 9
    private static let maximumPacketThreshold: UInt64 = 512

    private(set) var rtt = RTTEstimator()
    private(set) var packets = SentPackets()
    private(set) var bytesInFlight = 0
    private(set) var elicitingInFlight = 0
    private(set) var largestAcknowledged: UInt64?
    /// Backoff exponent of the probe timeout.
    private(set) var probeCount: Int = 0
    private var lossTime: TransferInstant?
    private var lastElicitingSentAt = TransferInstant.zero
    private(set) var rate = DeliveryRate()
    /// When the peer has to have sent its ack at the latest.
    var maximumAckDelay = TransferDuration.milliseconds(25)

    /// Contents of the packets that the latest call found acknowledged, and lost.
    private(set) var acknowledged: [PacketContent] = []
    private(set) var lost: [PacketContent] = []

    private(set) var lostPackets: UInt64 = 0
    private(set) var spuriousLosses: UInt64 = 0
    private(set) var bogusAcks: UInt64 = 0
    /// Packets acknowledged that were sent as ECN-capable on the present path.
    private(set) var acknowledgedCapable: UInt64 = 0
    /// When the largest of the newly acknowledged packets of the latest ack was sent.
    private(set) var largestNewlySentAt = TransferInstant.zero
    private(set) var sentPackets: UInt64 = 0
    /// The latest delivery-rate sample that said anything, bytes a second.
    private(set) var deliveryRate = 0.0

    // Losses of the reduction that may yet be undone.
    private var episodeStart: UInt64 = 0
    private var episodeLost = 0
    private var episodeSpurious = 0
    private var firstSampleAt: TransferInstant?
    /// From this number on packets went the present way: of those before, whatever becomes of them, nothing is charged to it.
    private var pathStart: UInt64 = 0

    var nextPacketNumber: UInt64 { packets.next }
    var canTrack: Bool { !packets.isFull }

    mutating func sent(
        bytes: Int, eliciting: Bool, content: PacketContent, isECNCapable: Bool = false, controller: inout any CongestionController,
        at now: TransferInstant
    ) {
        var packet = SentPacket()
        packet.state = .outstanding
        packet.isEliciting = eliciting
        packet.size = UInt32(bytes)
        packet.sentAt = now
        packet.content = content
        packet.isECNCapable = isECNCapable
        sentPackets += 1
        if eliciting {
            rate.stamp(&packet, bytesInFlight: bytesInFlight, at: now)
            bytesInFlight += bytes
            elicitingInFlight += 1
            lastElicitingSentAt = now
            controller.sent(packet: packets.next, bytes: bytes, inFlight: bytesInFlight, at: now)
        }
        packets.append(packet)
        // A side that sends only acks gets none back; what it sent must not pile up.
        if !eliciting, packets.next & 0xFF == 0 { packets.forget(lostBefore: horizon(now)) }
    }

    mutating func markAppLimited() { rate.markAppLimited(bytesInFlight: bytesInFlight) }

    /// Takes the ranges of an ACK frame (descending), RFC 9002 Appendix A.7.
    mutating func received(
        ranges: [ClosedRange<UInt64>], delay: TransferDuration, isAppLimited: Bool, controller: inout any CongestionController,
        at now: TransferInstant
    ) {
        acknowledged.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        let priorInFlight = bytesInFlight
        var newBytes = 0
        var newLargest: UInt64?
        var largestEliciting = false
        var largestSentAt = TransferInstant.zero
        var spurious = false
        for range in ranges {
            // A packet never sent cannot be acknowledged: a lie or a damaged header, and no more than that.
            guard range.lowerBound < packets.next else {
                bogusAcks += 1
                continue
            }
            if range.upperBound >= packets.next { bogusAcks += 1 }
            let high = min(range.upperBound, packets.next - 1)
            guard high >= packets.base else { break }
            var number = high
            let low = max(range.lowerBound, packets.base)
            while true {
                let packet = packets[number]
                switch packet.state {
                case .outstanding:
                    packets[number].state = .acknowledged
                    let isOfPath = number >= pathStart
                    if packet.isECNCapable, isOfPath { acknowledgedCapable += 1 }
                    if newLargest == nil || number > newLargest! {
                        newLargest = number
                        largestSentAt = packet.sentAt
                        largestEliciting = packet.isEliciting
                    }
                    if packet.isEliciting {
                        if isOfPath {
                            bytesInFlight -= Int(packet.size)
                            elicitingInFlight -= 1
                            newBytes += Int(packet.size)
                            rate.acknowledged(packet, at: now)
                        }
                        if packet.content.kind != .nothing { acknowledged.append(packet.content) }
                    }
                case .lost:
                    packets[number].state = .acknowledged
                    spuriousLosses += 1
                    if packet.content.kind != .nothing { acknowledged.append(packet.content) }
                    guard number >= pathStart else { break }
                    if packet.isECNCapable { acknowledgedCapable += 1 }
                    spurious = true
                    if number >= episodeStart { episodeSpurious += 1 }
                    let distance = (largestAcknowledged ?? number) - min(number, largestAcknowledged ?? number)
                    packetThreshold = min(max(packetThreshold, distance + 1), Self.maximumPacketThreshold)
                    timeThreshold = min(timeThreshold + 1, 16)
                case .acknowledged, .empty: break
                }
                if number == low { break }
                number -= 1
            }
        }
        if spurious, episodeLost > 0, episodeSpurious >= episodeLost {
            controller.lossWasSpurious(at: now)
            episodeLost = 0
        }
        if let newLargest {
            largestNewlySentAt = largestSentAt
            var hasSample = false
            if newLargest > largestAcknowledged ?? 0 || largestAcknowledged == nil {
                largestAcknowledged = newLargest
                if largestEliciting, newLargest >= pathStart {
                    let sample = now - largestSentAt
                    rtt.add(sample.nanoseconds > 0 ? sample : .microseconds(1), ackDelay: min(delay, maximumAckDelay))
                    if firstSampleAt == nil { firstSampleAt = now }
                    hasSample = true
                }
            }
            if newBytes > 0 {
                let sample = rate.takeSample(minimumRTT: rtt.minimum)
                if let sample, sample.rate > 0 { deliveryRate = sample.rate }
                probeCount = 0
                detectLosses(&controller, at: now)
                controller.acknowledged(
                    AckSummary(
                        now: now, bytes: newBytes, inFlight: bytesInFlight, priorInFlight: priorInFlight, largest: newLargest,
                        largestSentAt: largestSentAt, rtt: rtt, hasRTTSample: hasSample, sample: sample, delivered: rate.delivered,
                        isAppLimited: isAppLimited))
            }
        }
        packets.forget(lostBefore: horizon(now))
    }

    private func horizon(_ now: TransferInstant) -> TransferInstant {
        let keep = rtt.smoothed * 3 + .milliseconds(10)
        return TransferInstant(nanoseconds: now.nanoseconds - min(UInt64(keep.nanoseconds), now.nanoseconds))
    }

    /// RFC 9002 §6.1 and, for persistent congestion, §7.6.
    private mutating func detectLosses(_ controller: inout any CongestionController, at now: TransferInstant) {
        lossTime = nil
        guard let largest = largestAcknowledged, packets.base <= largest else { return }
        let delay = max(max(rtt.latest, rtt.smoothed) * timeThreshold / 8, RTTEstimator.granularity)
        let persistentPeriod = rtt.probeTimeout(maximumAckDelay: maximumAckDelay) * 3
        var loss: LossSummary?
        var persistent = false
        var runStart: TransferInstant?
        for number in packets.base...largest {
            let packet = packets[number]
            switch packet.state {
            case .acknowledged:
                runStart = nil
            case .lost, .empty: break
            case .outstanding:
                let lostByTime = packet.sentAt + delay
                guard lostByTime <= now || largest - number >= packetThreshold else {
                    if packet.isEliciting { lossTime = min(lossTime ?? .distantFuture, lostByTime) }
                    continue
                }
                packets[number].state = .lost
                guard packet.isEliciting else { continue }
                let isOfPath = number >= pathStart
                if isOfPath {
                    bytesInFlight -= Int(packet.size)
                    elicitingInFlight -= 1
                }
                if packet.content.kind != .nothing { lost.append(packet.content) }
                // A probe for a larger MTU says nothing about congestion (RFC 8899 §3).
                if packet.content.kind == .probe { continue }
                lostPackets += 1
                guard isOfPath else { continue }
                rate.wasLost(Int(packet.size))
                if let start = runStart {
                    if packet.sentAt - start > persistentPeriod { persistent = true }
                } else if let first = firstSampleAt, packet.sentAt > first {
                    runStart = packet.sentAt
                }
                var sample = DeliveryRate.Sample()
                sample.isAppLimited = packet.isAppLimited
                sample.delivered = rate.delivered - packet.delivered
                sample.priorDelivered = packet.delivered
                sample.lost = rate.lost - packet.lostBefore
                sample.inFlight = Int(packet.inFlight)
                loss = LossSummary(
                    now: now, bytes: (loss?.bytes ?? 0) + Int(packet.size), packets: (loss?.packets ?? 0) + 1, inFlight: bytesInFlight,
                    largest: number, latestSentAt: packet.sentAt, smoothedRTT: rtt.smoothed, sample: sample, delivered: rate.delivered)
            }
        }
        guard let loss else { return }
        if loss.largest >= episodeStart, episodeLost == 0 || loss.latestSentAt > episodeSentBefore {
            episodeStart = packets.base
            episodeSentBefore = now
            episodeLost = 0
            episodeSpurious = 0
        }
        episodeLost += loss.packets
        controller.lost(loss, persistent: persistent)
    }

    private var episodeSentBefore = TransferInstant.zero

    /// When `timeout` wants to be called; nil if nothing is in flight.
    var nextTimeout: TransferInstant? {
        if let lossTime { return lossTime }
        guard elicitingInFlight > 0 else { return nil }
        return lastElicitingSentAt + probeTimeout
    }

    /// The probe timeout with its backoff, which stops at a second: two datagrams a second are no load, and a path that loses most
    /// of what it is given, or comes back, is used again soon.
    var probeTimeout: TransferDuration {
        let timeout = rtt.probeTimeout(maximumAckDelay: maximumAckDelay)
        return min(timeout * Int64(1 << min(probeCount, 6)), max(timeout, .seconds(Int64(1))))
    }

    /// What a call of `timeout` asks for.
    enum TimeoutResult { case nothing, lossesDetected, sendProbes }

    mutating func timeout(controller: inout any CongestionController, at now: TransferInstant) -> TimeoutResult {
        acknowledged.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        guard let due = nextTimeout, due <= now else { return .nothing }
        if lossTime != nil {
            detectLosses(&controller, at: now)
            packets.forget(lostBefore: horizon(now))
            return .lossesDetected
        }
        probeCount += 1
        return .sendProbes
    }

    /// The contents of the oldest outstanding packets, which a probe had best carry (RFC 9002 §6.2.4).
    func oldestContents(_ count: Int) -> [PacketContent] {
        var found: [PacketContent] = []
        var number = packets.base
        while number < packets.next, found.count < count {
            let packet = packets[number]
            if packet.state == .outstanding, packet.isEliciting, packet.content.isRepeated {
                found.append(packet.content)
            }
            number += 1
        }
        return found
    }

    /// Whether a packet of more than so many bytes is under way that an ack was asked for.
    func hasOutstanding(longerThan bytes: Int) -> Bool {
        (packets.base..<packets.next).contains {
            packets[$0].state == .outstanding && packets[$0].isEliciting && packets[$0].size > bytes && packets[$0].content.kind != .probe
        }
    }

    /// A new path: nothing known of the old one holds (RFC 9000 §9.4).
    mutating func pathChanged() {
        rtt.reset()
        acknowledgedCapable = 0
        packetThreshold = 3
        timeThreshold = 9
        beginAnew()
    }

    /// The same path in another way: what is under way is repeated where it is lost, and that is all; it is neither in flight nor a sign of
    /// congestion.
    mutating func beginAnew() {
        pathStart = packets.next
        bytesInFlight = 0
        elicitingInFlight = 0
        firstSampleAt = nil
        deliveryRate = 0
        probeCount = 0
        episodeStart = packets.next
        episodeLost = 0
        episodeSpurious = 0
    }

    /// Restarts the backoff of the probe timeout, because the peer was just heard of.
    mutating func resetBackoff() { probeCount = 0 }
}
