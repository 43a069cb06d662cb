/// BBR, after draft-ietf-ccwg-bbr (version 3): paces at the measured bandwidth, keeps about one bandwidth-delay product in flight,
/// and probes for more now and then.
///
/// It differs from the draft in three things. Where the draft takes loss for congestion, loss lowers the model only if the round-trip time
/// shows a queue (``hasQueue``), or if more than a fifth is lost: random loss, of which radio links are full, costs its share and no more.
/// Where another flow is detected, by its queue, what the draft does for Reno is done for CUBIC: ``ShortTermModel`` backs off as CUBIC
/// does, and probes are no more frequent than CUBIC's recoveries from them. And the burst that a token bucket lets pass is not taken for
/// the bandwidth: ``forgetBurst(_:)`` detects it by a queue, ``LossTrial`` by losses, and ``plausible(_:)`` once the bandwidth is known.
struct BBR: CongestionController {
    enum State { case startup, drain, probeDown, probeCruise, probeRefill, probeUp, probeRTT }

    private static let startupPacingGain = 2.77
    private static let drainPacingGain = 0.5
    private static let lossThreshold = 0.02
    private static let hopelessLoss = 0.2
    private static let beta = 0.7
    private static let headroom = 0.85
    private static let minimumRTTWindow = TransferDuration.seconds(Int64(10))
    private static let probeRTTInterval = TransferDuration.seconds(Int64(5))
    private static let probeRTTDuration = TransferDuration.milliseconds(200)
    /// Paces a little below the estimate, so that no standing queue grows.
    private static let pacingMargin = 0.99

    /// The constant C of CUBIC, RFC 9438 §4.1.
    private static let cubicC = 0.4
    /// How much faster than it was sent data may appear to arrive, as a factor.
    private static let paceTolerance = 1.05

    /// Probing cycles for which another flow, once detected, is assumed to persist.
    private static let memoryOfOthers = 3

    private(set) var state = State.startup
    private(set) var window: Int
    private var rate: Double?
    private var datagram: Int

    // Round trips, counted by what was delivered.
    private var round: UInt64 = 0
    private var roundEnd: UInt64 = 0
    private var isRoundStart = false

    /// The largest delivery rate of this probing cycle and the one before, bytes a second.
    private var bandwidths = (current: 0.0, previous: 0.0)
    private var minimumRTT: TransferDuration?
    private var minimumRTTAt = TransferInstant.zero
    private var probedMinimum: TransferDuration?
    private var probedMinimumAt = TransferInstant.zero
    private var latestRTT = TransferDuration.zero
    private var roundMinimumRTT: TransferDuration?
    private var previousRoundRTT: TransferDuration?

    /// The highest pacing rate of this round trip and of the one before, bytes a second.
    private var paces = (current: 0.0, previous: 0.0)

    // Start-up
    private var fullBandwidth = 0.0
    private var queueSign = QueueSign()
    /// The latest loss trial ended start-up, which resumes if the losses turn out to be random.
    private var hasLossEndedStartup = false
    private var roundsWithoutGrowth = 0
    private var hasFilledPipe = false

    /// An upper bound of the bytes in flight, learned from congestion; `Int.max` if there is none.
    private(set) var inflightHigh = Int.max
    /// The bound before the latest reduction, for its undo.
    private var savedInflightHigh: Int?
    private var markedInRound = false
    private var lostInRound = 0
    private var deliveredAtRoundStart: UInt64 = 0
    private var lossEventsInRound = 0
    private var roundStart = TransferInstant.zero
    private var lossTrial = LossTrial()

    // Probing for bandwidth
    private var cycleStart = TransferInstant.zero
    private var cruiseStart = TransferInstant.zero
    private var cruiseTime = TransferDuration.seconds(Int64(2))
    private var phaseRound: UInt64 = 0
    private var upGrowth = 0
    /// The bandwidth before the latest probe, bytes a second.
    private var bandwidthBeforeProbe = 0.0
    private var stateBefore = State.probeDown
    private var probeRTTDone: TransferInstant?
    private var probeRTTRound: UInt64 = 0
    private var random: SplitMix

    // Competition with another flow that keeps the queue filled
    private var competition: Cubic?
    private var drainedRound: UInt64?
    private var cleanProbes = 0
    /// The minimum RTT of the present 15 seconds and of the 15 before: that of the empty path, as far as known.
    private var leastRTTs: (current: TransferDuration?, previous: TransferDuration?) = (nil, nil)
    private var leastRTTsSince = TransferInstant.zero
    private var shortTerm = ShortTermModel()
    /// Probing cycles left in which another flow is assumed.
    private var othersFor = 0

    init(datagramSize: Int, seed: UInt64) {
        datagram = datagramSize
        // Sending is paced from the first byte, so more than RFC 9002's ten datagrams do no harm, and a long path is filled two round trips
        // sooner.
        window = 32 * datagramSize
        random = SplitMix(seed: seed)
    }

    var pacingRate: Double? { rate }
    var isInSlowStart: Bool { state == .startup }
    var phase: String {
        switch state {
        case .startup: "startup"
        case .drain: "drain"
        case .probeDown: "probe_bw_down"
        case .probeCruise: "probe_bw_cruise"
        case .probeRefill: "probe_bw_refill"
        case .probeUp: "probe_bw_up"
        case .probeRTT: "probe_rtt"
        }
    }

    private var longTermBandwidth: Double { max(bandwidths.current, bandwidths.previous) }
    private var bandwidth: Double { min(longTermBandwidth, shortTerm.bandwidth) }
    private var minimumWindow: Int { 4 * datagram }

    private func product(_ gain: Double) -> Int {
        guard let minimumRTT, bandwidth > 0 else { return 10 * datagram }
        return Int(gain * bandwidth * minimumRTT.inSeconds)
    }

    /// Whether the path visibly has a queue: the last round trip's minimum RTT is an eighth above that of the empty path.
    private var hasQueue: Bool {
        guard let minimumRTT else { return false }
        return (roundMinimumRTT ?? latestRTT) > minimumRTT + max(minimumRTT / 8, .milliseconds(1))
    }

    private var isQueueForming: Bool { queueSign.isForming(datagram: datagram) }

    /// Whether another flow has a queue: ours is drained, and yet the round trip stays far above its minimum.
    private var isOthersQueue: Bool {
        guard let seen = roundMinimumRTT, let least = [leastRTTs.current, leastRTTs.previous].compactMap(\.self).min() else { return false }
        let packets = bandwidth > 0 ? TransferDuration.seconds(3 * Double(datagram) / bandwidth) : .zero
        return seen > least + max(least / 5, packets, .milliseconds(1))
    }

    /// Whether a queue has stood for more than a round trip.
    private var isStandingQueue: Bool {
        guard let minimumRTT, let before = previousRoundRTT else { return false }
        let packets = bandwidth > 0 ? TransferDuration.seconds(3 * Double(datagram) / bandwidth) : .zero
        return min(before, roundMinimumRTT ?? latestRTT) > minimumRTT + max(minimumRTT / 5, packets, .milliseconds(1))
    }

    mutating func sent(packet: UInt64, bytes: Int, inFlight: Int, at now: TransferInstant) {
        competition?.sent(packet: packet, bytes: bytes, inFlight: inFlight, at: now)
    }

    mutating func acknowledged(_ ack: AckSummary) {
        guard let sample = ack.sample else { return }
        isRoundStart = sample.priorDelivered >= roundEnd
        if isRoundStart {
            roundEnd = ack.delivered
            round += 1
        }
        if sample.rate > 0, sample.rate >= longTermBandwidth || !sample.isAppLimited {
            bandwidths.current = max(bandwidths.current, plausible(sample.rate))
        }
        let isProbing = state == .startup || state == .probeRefill || state == .probeUp
        if shortTerm.acknowledged(ack, sample, bandwidth: longTermBandwidth, isProbing: isProbing) { othersFor = Self.memoryOfOthers }
        if ack.hasRTTSample {
            latestRTT = ack.rtt.latest
            roundMinimumRTT = min(roundMinimumRTT ?? latestRTT, latestRTT)
        }
        updateMinimumRTT(ack)
        if ack.hasRTTSample, let minimumRTT { queueSign.add(latestRTT, empty: minimumRTT, acknowledged: ack.bytes) }
        competition?.acknowledged(ack)
        if isRoundStart, !sample.isAppLimited { judgeLosses(ack) }
        if isRoundStart, state == .probeCruise, competition == nil { revertProbe(ack) }
        if state == .startup {
            forgetBurst(sample)
            checkStartup(ack, sample)
        }
        if state == .drain, ack.inFlight <= product(1) { enterDown(ack.now) }
        if hasFilledPipe, state != .drain, state != .probeRTT { cycle(ack) }
        checkProbeRTT(ack)
        if isRoundStart {
            lostInRound = 0
            lossEventsInRound = 0
            markedInRound = false
            deliveredAtRoundStart = ack.delivered
            roundStart = ack.now
            previousRoundRTT = roundMinimumRTT
            roundMinimumRTT = nil
        }
        setRate(ack)
        setWindow(ack)
        let pace = rate ?? 0
        paces = isRoundStart ? (current: pace, previous: paces.current) : (current: max(paces.current, pace), previous: paces.previous)
    }

    /// The sample, bounded by the pace. Data cannot arrive faster for long than it was sent; over a few packets, or in a token bucket's
    /// burst, it seems to.
    private func plausible(_ sample: Double) -> Double {
        hasFilledPipe ? min(sample, Self.paceTolerance * max(paces.current, paces.previous)) : sample
    }

    private mutating func updateMinimumRTT(_ ack: AckSummary) {
        guard ack.hasRTTSample else { return }
        let rtt = ack.rtt.latest
        leastRTTs.current = min(leastRTTs.current ?? rtt, rtt)
        if ack.now - leastRTTsSince > .seconds(Int64(15)) {
            leastRTTs = (current: rtt, previous: leastRTTs.current)
            leastRTTsSince = ack.now
        }
        // A sample within a thirty-second of the minimum confirms it: a path that is seen empty again and again need not be drained to be
        // measured.
        func confirms(_ least: TransferDuration) -> Bool { rtt <= least + least / 32 }
        if let least = probedMinimum, ack.now - probedMinimumAt <= Self.probeRTTInterval || state != .probeRTT {
            if confirms(least) {
                probedMinimum = min(least, rtt)
                probedMinimumAt = ack.now
            }
        } else {
            probedMinimum = rtt
            probedMinimumAt = ack.now
        }
        if let least = minimumRTT, ack.now - minimumRTTAt <= Self.minimumRTTWindow {
            if confirms(least) {
                minimumRTT = min(least, rtt)
                minimumRTTAt = ack.now
            }
        } else {
            minimumRTT = probedMinimum ?? rtt
            minimumRTTAt = ack.now
        }
    }

    /// Corrects a bandwidth that was measured from a burst. While a queue stands the bottleneck is busy, and the delivery rate is what it
    /// carries. A former sample of more than twice that was a burst that it let pass, or of too few packets to count.
    private mutating func forgetBurst(_ sample: DeliveryRate.Sample) {
        guard isQueueForming, sample.rate > 0, longTermBandwidth > 2 * sample.rate else { return }
        fullBandwidth = sample.rate
        goBy(sample.rate, gain: Self.startupPacingGain)
    }

    /// Adopts the delivery rate as the bandwidth if much is lost, and returns to the former bandwidth if that does not help.
    private mutating func judgeLosses(_ ack: AckSummary) {
        let verdict = lossTrial.roundEnded(
            lost: lostInRound, delivered: Int(ack.delivered - deliveredAtRoundStart), known: longTermBandwidth, time: ack.now - roundStart,
            at: ack.now)
        switch verdict {
        case .nothing: break
        case .limit(let arrives):
            goBy(arrives, gain: 1)
            hasLossEndedStartup = state == .startup
            if hasLossEndedStartup {
                hasFilledPipe = true
                state = .drain
            }
        case .random(let known):
            bandwidths.current = max(bandwidths.current, known)
            shortTerm.forget()
            guard hasLossEndedStartup else { break }
            hasLossEndedStartup = false
            hasFilledPipe = false
            state = .startup
            roundsWithoutGrowth = 0
        }
    }

    /// Undoes the latest probe if much of the rate that it measured is lost in a standing queue: it was a token bucket's burst. The path
    /// carries the bandwidth known before, or the delivery rate if that is higher.
    private mutating func revertProbe(_ ack: AckSummary) {
        let (delivered, time) = (Double(ack.delivered - deliveredAtRoundStart), ack.now - roundStart)
        guard isStandingQueue, time > .zero, Double(lostInRound) > Self.lossThreshold * (delivered + Double(lostInRound)) else { return }
        let limit = max(delivered / time.inSeconds, bandwidthBeforeProbe)
        bandwidths = (current: min(bandwidths.current, limit), previous: min(bandwidths.previous, limit))
    }

    /// Sets the bandwidth, whatever was measured before.
    private mutating func goBy(_ bandwidth: Double, gain: Double) {
        bandwidths = (current: bandwidth, previous: 0)
        shortTerm.forget()
        rate = gain * bandwidth
        window = max(min(window, targetWindow), minimumWindow)
    }

    private mutating func checkStartup(_ ack: AckSummary, _ sample: DeliveryRate.Sample) {
        guard isRoundStart else { return }
        let delivered = Double(ack.delivered - deliveredAtRoundStart)
        let lossShare = delivered > 0 ? Double(lostInRound) / (delivered + Double(lostInRound)) : 0
        if lossEventsInRound >= 6, lossShare > Self.lossThreshold, hasQueue {
            hasFilledPipe = true
            inflightHigh = max(product(1), sample.inFlight)
        } else if !sample.isAppLimited {
            if bandwidth >= fullBandwidth * 1.25 {
                fullBandwidth = bandwidth
                roundsWithoutGrowth = 0
            } else {
                roundsWithoutGrowth += 1
                if roundsWithoutGrowth >= 3 { hasFilledPipe = true }
            }
        }
        if hasFilledPipe { state = .drain }
    }

    // The cycle of probing: down, cruise, refill, up

    private mutating func enterDown(_ now: TransferInstant) {
        cycleStart = now
        // Two to three seconds between probes (§5.3.3.3), so that flows do not probe together.
        cruiseTime = .milliseconds(Int64.random(in: 2000...3000, using: &random))
        // The maximum filter spans two probes: a rate that neither has measured is gone from the path. In competition CUBIC does the
        // probing.
        if bandwidths.current > 0, state != .probeRTT || competition != nil { bandwidths = (current: 0, previous: bandwidths.current) }
        state = .probeDown
        phaseRound = round
        drainedRound = nil
    }

    private mutating func cycle(_ ack: AckSummary) {
        switch state {
        case .probeDown:
            let target = inflightHigh == .max ? product(1) : min(product(1), Int(Double(inflightHigh) * Self.headroom))
            let isDrained = ack.inFlight <= max(target, minimumWindow) + datagram
            if drainedRound == nil, isDrained || round >= phaseRound + 4 { drainedRound = round }
            // The round after the next measures data that was sent with our part of the queue gone.
            guard let drainedRound, isRoundStart, round >= drainedRound + 2 || !isOthersQueue else { break }
            state = .probeCruise
            cruiseStart = ack.now
            if isOthersQueue { compete() }
        case .probeCruise:
            // CUBIC's window does the probing; probeRTT finds out whether that is still needed.
            if competition != nil { break }
            if isTimeToProbe(ack) {
                othersFor = max(othersFor - 1, 0)
                shortTerm.forget()
                bandwidthBeforeProbe = longTermBandwidth
                state = .probeRefill
                phaseRound = round
            }
        case .probeRefill:
            if isRoundStart, round > phaseRound {
                state = .probeUp
                phaseRound = round
                upGrowth = datagram
                cycleStart = ack.now
            }
        case .probeUp:
            if inflightHigh != .max, !ack.isAppLimited, ack.priorInFlight + ack.bytes >= inflightHigh {
                // The bound limits the flow and nothing is lost: raise it, faster every round (§5.3.3.6).
                if isRoundStart { upGrowth *= 2 }
                inflightHigh += min(upGrowth * ack.bytes / max(window, 1) + 1, ack.bytes)
            }
            let enough = ack.inFlight + ack.bytes >= product(1.25)
            if ack.now - cycleStart > (minimumRTT ?? .zero), enough || round >= phaseRound + 4 { enterDown(ack.now) }
        case .startup, .drain, .probeRTT: break
        }
    }

    private func isTimeToProbe(_ ack: AckSummary) -> Bool {
        let waited = ack.now - cycleStart
        if othersFor > 0 {
            // A CUBIC flow with as much in flight recovers after K from what a probe takes (RFC 9438 §4.2); probing every two or three
            // seconds would never let it.
            let k = cbrt(Double(ack.priorInFlight) / Double(datagram) * (1 - Self.beta) / Self.cubicC)
            // Scaled by the random cruise time, so that flows do not probe together.
            return waited > max(.seconds(Int64(1)), .seconds(k * cruiseTime.inSeconds / 2.5))
        }
        // As often as a Reno flow of this size would, §5.3.3.3.
        return waited > cruiseTime || round >= phaseRound + max(UInt64(min(product(1) / max(datagram, 1), 63)), 8)
    }

    /// Competes as a CUBIC flow: with less, a flow that fills the queue would leave us next to nothing.
    private mutating func compete() {
        cleanProbes = 0
        othersFor = Self.memoryOfOthers
        if competition == nil { competition = Cubic(datagramSize: datagram, window: max(window, product(1), minimumWindow)) }
    }

    private mutating func checkProbeRTT(_ ack: AckSummary) {
        if state != .probeRTT {
            guard hasFilledPipe, ack.now - probedMinimumAt > Self.probeRTTInterval else { return }
            if ack.isAppLimited {
                // An idle path has no queue to drain.
                probedMinimumAt = ack.now
                return
            }
            stateBefore = state
            state = .probeRTT
            probeRTTDone = nil
        }
        if probeRTTDone == nil, ack.inFlight <= probeRTTWindow {
            probeRTTDone = ack.now + Self.probeRTTDuration
            probeRTTRound = round
        }
        if let done = probeRTTDone, ack.now >= done, isRoundStart, round > probeRTTRound {
            if competition != nil {
                cleanProbes = isOthersQueue ? 0 : cleanProbes + 1
                if cleanProbes >= 2 { competition = nil }
            }
            probedMinimumAt = ack.now
            minimumRTT = probedMinimum ?? minimumRTT
            minimumRTTAt = ack.now
            shortTerm.forget()
            enterDown(ack.now)
            state = .probeCruise
            cruiseStart = ack.now
        }
    }

    private var probeRTTWindow: Int { max(product(0.5), minimumWindow) }

    private mutating func setRate(_ ack: AckSummary) {
        let gain: Double =
            switch state {
            case .startup: Self.startupPacingGain
            case .drain: Self.drainPacingGain
            case .probeDown: 0.9
            case .probeCruise, .probeRefill, .probeRTT: 1
            case .probeUp: 1.25
            }
        if rate == nil {
            // The first samples are of a handful of packets and say nothing about the path.
            rate = Self.startupPacingGain * Double(window) / max(ack.rtt.smoothed.inSeconds, 1e-6)
        }
        guard bandwidth > 0 else { return }
        let wanted = gain * bandwidth * Self.pacingMargin
        // In start-up the rate falls only if a queue shows that it is too high: the initial rate is far above any bottleneck behind a short
        // path.
        if hasFilledPipe || isQueueForming || wanted > rate ?? 0 { rate = wanted }
        if let competition, state != .probeRTT {
            // After probeRTT the round trip is short for a moment, and the whole window would be sent at once.
            let bandwidth = min(Double(competition.window) / ack.rtt.smoothed.inSeconds, longTermBandwidth)
            rate = max(rate ?? 0, 1.25 * bandwidth)
        }
    }

    private var targetWindow: Int {
        // Room for acks in transit, which arrive in bundles, and for batched sends. On a path without latency the machines' schedulers take
        // its place: a megabyte lets both sides work through their time slices; the pace bounds the queue that it can make.
        let gain = state == .probeUp ? 2.25 : 2.0
        let turns = minimumRTT.map { $0 < .milliseconds(1) } ?? false ? 1 << 20 : 0
        return product(gain) + max(3 * datagram, Int((rate ?? 0) * 0.002), min(turns, Int(bandwidth * 0.02)))
    }

    private mutating func setWindow(_ ack: AckSummary) {
        let target = targetWindow
        if hasFilledPipe {
            window = min(window + ack.bytes, target)
        } else if window < target || ack.delivered < UInt64(10 * datagram) {
            window += ack.bytes
        }
        var cap = Int.max
        switch state {
        case .probeCruise, .probeRTT: cap = inflightHigh == .max ? .max : Int(Double(inflightHigh) * Self.headroom)
        case .probeDown: cap = min(inflightHigh, product(1) + 2 * datagram)
        case .probeRefill, .probeUp: cap = inflightHigh
        case .startup, .drain: break
        }
        if state == .probeRTT { cap = min(cap, probeRTTWindow) }
        window = max(min(window, cap, shortTerm.inFlight), minimumWindow)
        if let competition, state != .probeRTT { window = max(window, competition.window) }
    }

    mutating func lost(_ loss: LossSummary, persistent: Bool) {
        lostInRound += loss.bytes
        // A packet that was sent while cruising and is lost in a standing queue is lost in another flow's queue: ours had no reason to
        // form.
        let isCongestion = state == .probeCruise && loss.latestSentAt > cruiseStart && isStandingQueue
        shortTerm.lost(delivered: loss.delivered, isCongestion: isCongestion)
        lossEventsInRound += 1
        competition?.lost(loss, persistent: persistent)
        if persistent {
            window = minimumWindow
            return
        }
        let share = loss.sample.inFlight > 0 ? Double(loss.sample.lost) / Double(loss.sample.inFlight) : 0
        guard share > Self.lossThreshold, hasQueue || share > Self.hopelessLoss, hasFilledPipe, !loss.sample.isAppLimited else { return }
        // Only while we probe for more is the loss our doing (§5.3.3.5).
        guard state == .probeUp || state == .probeRefill else { return }
        savedInflightHigh = inflightHigh
        inflightHigh = max(loss.sample.inFlight, Int(Double(product(1)) * Self.beta), minimumWindow)
        enterDown(loss.now)
    }

    mutating func marked(sentAt: TransferInstant, inFlight: Int, at now: TransferInstant) {
        competition?.marked(sentAt: sentAt, inFlight: inFlight, at: now)
        guard !markedInRound else { return }
        markedInRound = true
        // A CE mark is direct evidence of a queue: no more than is in flight now fits the path.
        switch state {
        case .startup:
            hasFilledPipe = true
            inflightHigh = max(product(1), inFlight)
            state = .drain
        case .probeUp, .probeRefill:
            savedInflightHigh = nil
            inflightHigh = max(inFlight, Int(Double(product(1)) * Self.beta), minimumWindow)
            enterDown(now)
        case .probeCruise: inflightHigh = max(min(inflightHigh, inFlight), product(1), minimumWindow)
        case .drain, .probeDown, .probeRTT: break
        }
    }

    mutating func lossWasSpurious(at now: TransferInstant) {
        competition?.lossWasSpurious(at: now)
        guard let saved = savedInflightHigh else { return }
        inflightHigh = max(inflightHigh, saved)
        savedInflightHigh = nil
    }

    mutating func datagramSizeChanged(to bytes: Int) {
        datagram = bytes
        competition?.datagramSizeChanged(to: bytes)
        window = max(window, minimumWindow)
    }
}
