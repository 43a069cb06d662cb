/// Loss detection of RFC 9002 §6 for one packet number space: processes acks, and decides which packets are acknowledged or lost.
///
/// After each call `acknowledged` and `lost` hold the contents of the packets decided by it, for the owner to act on.
struct LossDetection {
    /// RFC 9002 §6.1.1
    private static let packetThreshold: UInt64 = 3
    /// A packet of which more than two of the eight before it are missing has overtaken them: its round trip is not typical.
    private static let neighbours: UInt64 = 8
    private static let missingNeighbours = 2

    private(set) var rtt = RTTEstimator()
    private var reordering = Reordering()
    private var roundTrips = MedianRoundTrip()
    private(set) var packets = SentPackets()
    private(set) var bytesInFlight = 0
    private(set) var elicitingInFlight = 0
    private(set) var largestAcknowledged: UInt64?
    /// Backoff exponent of the probe timeout.
    private(set) var probeCount: Int = 0
    private var lossTime: TransferInstant?
    private var lastElicitingSentAt = TransferInstant.zero
    private(set) var rate = DeliveryRate()
    /// The longest time by which the peer delays an ack.
    var maximumAckDelay = TransferDuration.milliseconds(25)

    /// Contents of the packets that the latest call found acknowledged, and lost.
    private(set) var acknowledged: [PacketContent] = []
    private(set) var lost: [PacketContent] = []

    private(set) var lostPackets: UInt64 = 0
    private(set) var spuriousLosses: UInt64 = 0
    private(set) var bogusAcks: UInt64 = 0
    /// ECN-capable packets of the present path that were acknowledged.
    private(set) var acknowledgedCapable: UInt64 = 0
    /// When the largest newly acknowledged packet of the latest ack was sent.
    private(set) var largestNewlySentAt = TransferInstant.zero
    private(set) var sentPackets: UInt64 = 0
    /// The latest delivery-rate sample with a rate, bytes a second.
    private(set) var deliveryRate = 0.0

    /// The losses behind one reduction of the window, which may yet be undone.
    private struct Episode {
        /// Counted from 1.
        var number: UInt32 = 0
        /// Losses of packets sent until then belong to this episode (RFC 9002 §7.3.2).
        var sentBefore = TransferInstant.zero
        var lost = 0
        var spurious = 0
    }
    private var episode = Episode()
    private var firstSampleAt: TransferInstant?
    /// The first packet number of the present path. The fate of earlier packets does not count for it.
    private var pathStart: UInt64 = 0
    private var latestSampleAt = TransferInstant.zero
    /// Numbers of the ack-eliciting packets of this path that the latest ack newly acknowledged, descending.
    private var newlyAcknowledged: [UInt64] = []

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
        // A side that sends only acks gets none in return; its packets must not accumulate.
        if !eliciting, packets.next & 0xFF == 0 { packets.forget(lostBefore: horizon(now)) }
    }

    mutating func markAppLimited() { rate.markAppLimited(bytesInFlight: bytesInFlight) }

    /// Processes the ranges of an ACK frame (descending), RFC 9002 Appendix A.7.
    mutating func received(
        ranges: [ClosedRange<UInt64>], delay: TransferDuration, isAppLimited: Bool, controller: inout any CongestionController,
        at now: TransferInstant
    ) {
        acknowledged.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        newlyAcknowledged.removeAll(keepingCapacity: true)
        let priorInFlight = bytesInFlight
        let priorLargest = largestAcknowledged
        let expectedAge = max(rtt.latest, rtt.smoothed)
        var newBytes = 0
        var newLargest: UInt64?
        var largestEliciting = false
        var largestSentAt = TransferInstant.zero
        var spurious = false
        for range in ranges {
            // A packet never sent cannot be acknowledged: the peer lies or a header was damaged. It is counted, and no more.
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
                if packet.state == .outstanding || packet.state == .lost, packet.isEliciting, let priorLargest, number < priorLargest,
                    number >= pathStart
                {
                    let age = now - packet.sentAt
                    reordering.cameLate(by: age > expectedAge ? age - expectedAge : .zero)
                }
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
                            newlyAcknowledged.append(number)
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
                    if packet.episode == episode.number { episode.spurious += 1 }
                case .acknowledged, .empty: break
                }
                if number == low { break }
                number -= 1
            }
        }
        if spurious, episode.lost > 0, episode.spurious >= episode.lost {
            controller.lossWasSpurious(at: now)
            episode.lost = 0
        }
        if let newLargest {
            largestNewlySentAt = largestSentAt
            let isLargest = priorLargest.map { newLargest > $0 } ?? true
            if isLargest { largestAcknowledged = newLargest }
            // Without reordering only the largest is known to have arrived just now: an ack of an earlier one may have been lost.
            let typical = newlyAcknowledged.prefix(reordering.isSeen ? .max : 1).first(where: cameInTurn)
            // With many packets missing none is typical. The largest yields a sample (RFC 9002 §5.1); on a path with reordering the oldest
            // yields one that is no shorter.
            let substitute = reordering.isSeen ? newlyAcknowledged.last : newlyAcknowledged.first
            let sampled = typical ?? (now - latestSampleAt > rtt.smoothed * 2 ? substitute : nil)
            var hasSample = false
            if let sampled, largestEliciting || !isLargest {
                let sample = now - packets[sampled].sentAt
                // The reported ack delay is that of the largest packet alone.
                let held = isLargest && sampled == newLargest ? min(delay, maximumAckDelay) : .zero
                rtt.add(sample.nanoseconds > 0 ? sample : .microseconds(1), ackDelay: held)
                if firstSampleAt == nil { firstSampleAt = now }
                latestSampleAt = now
                hasSample = true
            }
            var seenRTT = rtt
            if hasSample, reordering.isSeen { seenRTT = rtt.with(latest: roundTrips.add(rtt.latest)) }
            if newBytes > 0 {
                let sample = rate.sample(of: typical.map { packets[$0] }, minimumRTT: rtt.minimum)
                if let sample, sample.rate > 0 { deliveryRate = sample.rate }
                probeCount = 0
                detectLosses(&controller, at: now)
                controller.acknowledged(
                    AckSummary(
                        now: now, bytes: newBytes, inFlight: bytesInFlight, priorInFlight: priorInFlight, largest: newLargest,
                        largestSentAt: largestSentAt, rtt: seenRTT, hasRTTSample: hasSample, sample: sample, delivered: rate.delivered,
                        isAppLimited: isAppLimited))
            }
        }
        packets.forget(lostBefore: horizon(now))
    }

    /// Whether at most two of the eight packets before this one are outstanding.
    private func cameInTurn(_ number: UInt64) -> Bool {
        var missing = 0
        for before in max(packets.base, pathStart, number - min(number, Self.neighbours))..<number
        where packets[before].state == .outstanding && packets[before].isEliciting {
            missing += 1
        }
        return missing <= Self.missingNeighbours
    }

    private func horizon(_ now: TransferInstant) -> TransferInstant {
        let keep = rtt.smoothed * 3 + .milliseconds(10)
        return TransferInstant(nanoseconds: now.nanoseconds - min(UInt64(keep.nanoseconds), now.nanoseconds))
    }

    /// RFC 9002 §6.1 and, for persistent congestion, §7.6.
    private mutating func detectLosses(_ controller: inout any CongestionController, at now: TransferInstant) {
        lossTime = nil
        guard let largest = largestAcknowledged, packets.base <= largest else { return }
        let delay = max(max(rtt.latest, rtt.smoothed) + reordering.patience(rtt), RTTEstimator.granularity)
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
                guard lostByTime <= now || (!reordering.isSeen && largest - number >= Self.packetThreshold) else {
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
                // The loss of an MTU probe says nothing about congestion (RFC 8899 §3).
                if packet.content.kind == .probe { continue }
                lostPackets += 1
                guard isOfPath else { continue }
                if episode.lost == 0 || packet.sentAt > episode.sentBefore {
                    episode = Episode(number: episode.number &+ 1, sentBefore: now)
                    reordering.lossesBegan()
                }
                episode.lost += 1
                packets[number].episode = episode.number
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
        controller.lost(loss, persistent: persistent)
    }

    /// When ``timeout(controller:at:)`` is due; nil if nothing is in flight.
    var nextTimeout: TransferInstant? {
        if let lossTime { return lossTime }
        guard elicitingInFlight > 0 else { return nil }
        return lastElicitingSentAt + probeTimeout
    }

    /// The probe timeout with its backoff, which stops at a second: two datagrams a second are no load, and a path that loses most packets,
    /// or recovers, is used again soon.
    var probeTimeout: TransferDuration {
        let timeout = rtt.probeTimeout(maximumAckDelay: maximumAckDelay)
        return min(timeout * Int64(1 << min(probeCount, 6)), max(timeout, .seconds(Int64(1))))
    }

    /// What the owner is to do after ``timeout(controller:at:)``.
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

    /// The contents of the oldest outstanding packets, which a probe is best to carry (RFC 9002 §6.2.4).
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

    /// Whether an ack-eliciting packet longer than `bytes`, other than an MTU probe, is outstanding.
    func hasOutstanding(longerThan bytes: Int) -> Bool {
        (packets.base..<packets.next).contains {
            packets[$0].state == .outstanding && packets[$0].isEliciting && packets[$0].size > bytes && packets[$0].content.kind != .probe
        }
    }

    /// Resets the state for a new path: nothing known of the old one applies (RFC 9000 §9.4).
    mutating func pathChanged() {
        rtt.reset()
        acknowledgedCapable = 0
        reordering = Reordering()
        roundTrips = MedianRoundTrip()
        beginAnew()
    }

    /// Stops counting the packets sent so far: they are retransmitted if they are lost, but neither count as in flight nor as a sign of
    /// congestion.
    mutating func beginAnew() {
        pathStart = packets.next
        bytesInFlight = 0
        elicitingInFlight = 0
        firstSampleAt = nil
        deliveryRate = 0
        probeCount = 0
        latestSampleAt = .zero
        episode = Episode(number: episode.number &+ 1)
    }

    /// Resets the backoff of the probe timeout, because a packet of the peer has arrived.
    mutating func resetBackoff() { probeCount = 0 }
}
