/// Loss detection of RFC 9002 §6 for one packet number space: processes acks, and decides which packets are acknowledged or lost.
///
/// What that says about a path is recorded in the ``Path`` that the packet was sent on.
///
/// After each call `acknowledged` and `lost` hold the contents of the packets decided by it, for the owner to act on.
struct LossDetection {
    /// RFC 9002 §6.1.1
    private static let packetThreshold: UInt64 = 3
    /// A packet of which more than two of the eight before it are missing has overtaken them: its round trip is not typical.
    private static let neighbours: UInt64 = 8
    private static let missingNeighbours = 2

    private(set) var packets = SentPackets()
    /// Ack-eliciting packets whose fate is open, on all paths.
    private(set) var elicitingOutstanding = 0
    private(set) var largestAcknowledged: UInt64?
    /// Backoff exponent of the probe timeout.
    private(set) var probeCount: Int = 0
    private var lossTime: TransferInstant?
    private var lastElicitingSentAt = TransferInstant.zero
    /// The longest time by which the peer delays an ack.
    var maximumAckDelay = TransferDuration.milliseconds(25)
    /// Where losses are recorded; nil for nowhere.
    var trace: ConnectionTrace?

    /// Contents of the packets that the latest call found acknowledged, and lost.
    private(set) var acknowledged: [PacketContent] = []
    private(set) var lost: [PacketContent] = []

    private(set) var lostPackets: UInt64 = 0
    private(set) var spuriousLosses: UInt64 = 0
    private(set) var bogusAcks: UInt64 = 0
    /// When the largest newly acknowledged packet of the latest ack was sent, and the generation of its path.
    private(set) var largestNewlySentAt = TransferInstant.zero
    private(set) var largestNewlySentOn: UInt32 = 0
    private(set) var sentPackets: UInt64 = 0
    /// Numbers of the ack-eliciting packets of the present path that the latest ack newly acknowledged, descending.
    private var newlyAcknowledged: [UInt64] = []

    var nextPacketNumber: UInt64 { packets.next }
    var canTrack: Bool { !packets.isFull }

    mutating func sent(
        on path: Path, bytes: Int, eliciting: Bool, content: PacketContent, isECNCapable: Bool = false, at now: TransferInstant
    ) {
        var packet = SentPacket()
        packet.state = .outstanding
        packet.path = path.generation
        packet.isEliciting = eliciting
        packet.size = UInt32(bytes)
        packet.sentAt = now
        packet.content = content
        packet.isECNCapable = isECNCapable
        sentPackets += 1
        if eliciting {
            path.rate.stamp(&packet, bytesInFlight: path.bytesInFlight, at: now)
            path.sent(bytes)
            elicitingOutstanding += 1
            lastElicitingSentAt = now
            path.controller.sent(packet: packets.next, bytes: bytes, inFlight: path.bytesInFlight, at: now)
        }
        packets.append(packet)
        // A side that sends only acks gets none in return; its packets must not accumulate.
        if !eliciting, packets.next & 0xFF == 0 { packets.forget(lostBefore: horizon(path.rtt.smoothed, now)) }
    }

    /// Processes the ranges of an ACK frame (descending), RFC 9002 Appendix A.7.
    mutating func received(
        ranges: [ClosedRange<UInt64>], delay: TransferDuration, isAppLimited: Bool, paths: borrowing PathSet, at now: TransferInstant
    ) {
        acknowledged.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        newlyAcknowledged.removeAll(keepingCapacity: true)
        let path = paths.current
        let generation = path.generation
        let priorInFlight = path.bytesInFlight
        let priorLargest = largestAcknowledged
        let expectedAge = max(path.rtt.latest, path.rtt.smoothed)
        var newBytes = 0
        var newLargest: UInt64?
        var newest: UInt64?
        var largestEliciting = false
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
                let isOfPath = packet.path == generation
                if packet.state == .outstanding || packet.state == .lost, packet.isEliciting, isOfPath,
                    let largest = path.largestAcknowledged, number < largest
                {
                    let age = now - packet.sentAt
                    path.reordering.cameLate(by: age > expectedAge ? age - expectedAge : .zero)
                }
                switch packet.state {
                case .outstanding:
                    packets[number].state = .acknowledged
                    if isOfPath {
                        if packet.isECNCapable { path.acknowledgedCapable += 1 }
                        newest = max(newest ?? 0, number)
                    }
                    if newLargest == nil || number > newLargest! {
                        newLargest = number
                        largestNewlySentAt = packet.sentAt
                        largestNewlySentOn = packet.path
                        largestEliciting = packet.isEliciting
                    }
                    if packet.isEliciting {
                        elicitingOutstanding -= 1
                        if isOfPath {
                            path.settled(Int(packet.size))
                            newBytes += Int(packet.size)
                            newlyAcknowledged.append(number)
                            path.rate.acknowledged(packet, at: now)
                        } else {
                            paths.path(packet.path)?.settled(Int(packet.size))
                        }
                        if packet.content.kind != .nothing { acknowledged.append(packet.content) }
                    }
                case .lost:
                    packets[number].state = .acknowledged
                    spuriousLosses += 1
                    if packet.content.kind != .nothing { acknowledged.append(packet.content) }
                    guard isOfPath else { break }
                    if packet.isECNCapable { path.acknowledgedCapable += 1 }
                    spurious = true
                    if packet.episode == path.episode.number { path.episode.spurious += 1 }
                case .acknowledged, .empty: break
                }
                if number == low { break }
                number -= 1
            }
        }
        if let newest { path.largestAcknowledged = max(path.largestAcknowledged ?? 0, newest) }
        if spurious, path.episode.lost > 0, path.episode.spurious >= path.episode.lost {
            path.controller.lossWasSpurious(at: now)
            path.episode.lost = 0
        }
        if let newLargest {
            let isLargest = priorLargest.map { newLargest > $0 } ?? true
            if isLargest { largestAcknowledged = newLargest }
            // Without reordering only the largest is known to have arrived just now: an ack of an earlier one may have been lost.
            let typical = newlyAcknowledged.prefix(path.reordering.isSeen ? .max : 1).first { cameInTurn($0, on: generation) }
            // With many packets missing none is typical. The largest yields a sample (RFC 9002 §5.1); on a path with reordering the oldest
            // yields one that is no shorter.
            let substitute = path.reordering.isSeen ? newlyAcknowledged.last : newlyAcknowledged.first
            let sampled = typical ?? (now - path.latestSampleAt > path.rtt.smoothed * 2 ? substitute : nil)
            var hasSample = false
            if let sampled, largestEliciting || !isLargest {
                let sample = now - packets[sampled].sentAt
                // The reported ack delay is that of the largest packet alone.
                let held = isLargest && sampled == newLargest ? min(delay, maximumAckDelay) : .zero
                path.addRoundTrip(sample.nanoseconds > 0 ? sample : .microseconds(1), ackDelay: held, at: now)
                hasSample = true
            }
            var seenRTT = path.rtt
            if hasSample, path.reordering.isSeen { seenRTT = path.rtt.with(latest: path.roundTrips.add(path.rtt.latest)) }
            if newBytes > 0 {
                let sample = path.rate.sample(of: typical.map { packets[$0] }, minimumRTT: path.rtt.minimum)
                if let sample, sample.rate > 0 { path.deliveryRate = sample.rate }
                probeCount = 0
                detectLosses(paths, at: now)
                path.controller.acknowledged(
                    AckSummary(
                        now: now, bytes: newBytes, inFlight: path.bytesInFlight, priorInFlight: priorInFlight, largest: newLargest,
                        largestSentAt: largestNewlySentAt, rtt: seenRTT, hasRTTSample: hasSample, sample: sample,
                        delivered: path.rate.delivered, isAppLimited: isAppLimited))
            } else if isLargest {
                detectLosses(paths, at: now)
            }
        }
        packets.forget(lostBefore: horizon(paths.longestRoundTrip, now))
    }

    /// Whether at most two of the eight packets before this one are outstanding.
    private func cameInTurn(_ number: UInt64, on generation: UInt32) -> Bool {
        var missing = 0
        for before in max(packets.base, number - min(number, Self.neighbours))..<number
        where packets[before].state == .outstanding && packets[before].isEliciting && packets[before].path == generation {
            missing += 1
        }
        return missing <= Self.missingNeighbours
    }

    private func horizon(_ roundTrip: TransferDuration, _ now: TransferInstant) -> TransferInstant {
        let keep = roundTrip * 3 + .milliseconds(10)
        return TransferInstant(nanoseconds: now.nanoseconds - min(UInt64(keep.nanoseconds), now.nanoseconds))
    }

    /// RFC 9002 §6.1 and, for persistent congestion, §7.6.
    ///
    /// A packet of another path than the present one is lost by that path's times alone: the acks of packets that took a shorter path say
    /// nothing about those before them. One whose path is forgotten, or has begun anew, is treated as one of the present path.
    private mutating func detectLosses(_ paths: borrowing PathSet, at now: TransferInstant) {
        lossTime = nil
        guard let largest = largestAcknowledged, packets.base <= largest else { return }
        let path = paths.current
        let generation = path.generation
        let delay = path.lossDelay
        let overtaken = path.reordering.isSeen ? 0 : (path.largestAcknowledged ?? 0) &+ 1
        let persistentPeriod = path.rtt.probeTimeout(maximumAckDelay: maximumAckDelay) * 3
        var loss: LossSummary?
        var persistent = false
        var runStart: TransferInstant?
        for number in packets.base...largest {
            let packet = packets[number]
            switch packet.state {
            case .acknowledged:
                if packet.path == generation { runStart = nil }
            case .lost, .empty: break
            case .outstanding:
                let isOfPath = packet.path == generation
                let other = isOfPath ? nil : paths.path(packet.path)
                let lostByTime = packet.sentAt + (other?.lossDelay ?? delay)
                let isOvertaken = other == nil && number + Self.packetThreshold < overtaken
                guard lostByTime <= now || isOvertaken else {
                    if packet.isEliciting { lossTime = min(lossTime ?? .distantFuture, lostByTime) }
                    continue
                }
                packets[number].state = .lost
                guard packet.isEliciting else { continue }
                elicitingOutstanding -= 1
                (isOfPath ? path : other)?.settled(Int(packet.size))
                if packet.content.kind != .nothing { lost.append(packet.content) }
                // The loss of an MTU probe says nothing about congestion (RFC 8899 §3).
                if packet.content.kind == .probe { continue }
                lostPackets += 1
                trace?.lost(number, bytes: Int(packet.size), isOvertaken: isOvertaken, path: packet.path, at: now)
                guard isOfPath else { continue }
                if path.episode.lost == 0 || packet.sentAt > path.episode.sentBefore {
                    path.episode = LossEpisode(number: path.episode.number &+ 1, sentBefore: now)
                    path.reordering.lossesBegan()
                }
                path.episode.lost += 1
                packets[number].episode = path.episode.number
                path.rate.wasLost(Int(packet.size))
                if let start = runStart {
                    if packet.sentAt - start > persistentPeriod { persistent = true }
                } else if let first = path.firstSampleAt, packet.sentAt > first {
                    runStart = packet.sentAt
                }
                var sample = DeliveryRate.Sample()
                sample.isAppLimited = packet.isAppLimited
                sample.delivered = path.rate.delivered - packet.delivered
                sample.priorDelivered = packet.delivered
                sample.lost = path.rate.lost - packet.lostBefore
                sample.inFlight = Int(packet.inFlight)
                loss = LossSummary(
                    now: now, bytes: (loss?.bytes ?? 0) + Int(packet.size), packets: (loss?.packets ?? 0) + 1, inFlight: path.bytesInFlight,
                    largest: number, latestSentAt: packet.sentAt, smoothedRTT: path.rtt.smoothed, sample: sample,
                    delivered: path.rate.delivered)
            }
        }
        guard let loss else { return }
        path.controller.lost(loss, persistent: persistent)
    }

    /// When ``timeout(_:at:)`` is due; nil if nothing is in flight.
    func nextTimeout(_ path: Path) -> TransferInstant? {
        if let lossTime { return lossTime }
        guard elicitingOutstanding > 0 else { return nil }
        return lastElicitingSentAt + probeTimeout(path)
    }

    /// The probe timeout with its backoff, which stops at a second: two datagrams a second are no load, and a path that loses most packets,
    /// or recovers, is used again soon.
    func probeTimeout(_ path: Path) -> TransferDuration {
        let timeout = path.rtt.probeTimeout(maximumAckDelay: maximumAckDelay)
        return min(timeout * Int64(1 << min(probeCount, 6)), max(timeout, .seconds(Int64(1))))
    }

    /// What the owner is to do after ``timeout(_:at:)``.
    enum TimeoutResult { case nothing, lossesDetected, sendProbes }

    mutating func timeout(_ paths: borrowing PathSet, at now: TransferInstant) -> TimeoutResult {
        acknowledged.removeAll(keepingCapacity: true)
        lost.removeAll(keepingCapacity: true)
        guard let due = nextTimeout(paths.current), due <= now else { return .nothing }
        if lossTime != nil {
            detectLosses(paths, at: now)
            packets.forget(lostBefore: horizon(paths.longestRoundTrip, now))
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

    /// Whether an ack-eliciting packet longer than `bytes`, other than an MTU probe, is outstanding on a path.
    func hasOutstanding(longerThan bytes: Int, on path: Path) -> Bool {
        (packets.base..<packets.next).contains {
            let packet = packets[$0]
            return packet.state == .outstanding && packet.isEliciting && packet.size > bytes && packet.content.kind != .probe
                && packet.path == path.generation
        }
    }

    /// Resets the backoff of the probe timeout, because a packet of the peer has arrived.
    mutating func resetBackoff() { probeCount = 0 }
}
