/// CUBIC (RFC 9438), with slow start ended by HyStart++ (RFC 9406).
struct Cubic: CongestionController {
    // RFC 9438 §4.1 and §4.6
    private static let c = 0.4
    private static let beta = 0.7

    private(set) var window: Int
    private var threshold = Int.max
    private var datagram: Int
    private var hyStart = HyStart()
    private var nextPacket: UInt64 = 0

    private var maximum = 0.0
    private var k = 0.0
    private var epochStart: TransferInstant?
    private var epochWindow = 0.0
    /// The window that Reno would have, in datagrams (§4.3).
    private var renoWindow = 0.0
    private var recoveryStart: TransferInstant?
    private var previous: Saved?

    /// The state before the latest reduction, for its undo.
    private struct Saved {
        var window: Int
        var threshold: Int
        var maximum: Double
        var k: Double
        var epochStart: TransferInstant?
        var epochWindow: Double
        var renoWindow: Double
        var hyStart: HyStart
    }

    init(datagramSize: Int) {
        datagram = datagramSize
        // RFC 9002 §7.2
        window = min(10 * datagramSize, max(2 * datagramSize, 14_720))
    }

    /// Starts in congestion avoidance, at a window that was found by other means.
    init(datagramSize: Int, window: Int) {
        datagram = datagramSize
        self.window = window
        threshold = window
        maximum = Double(window) / Double(datagramSize)
        hyStart.finish()
    }

    var pacingRate: Double? { nil }
    var isInSlowStart: Bool { window < threshold }
    var phase: String { isInSlowStart ? "slow_start" : recoveryStart == nil ? "congestion_avoidance" : "recovery" }
    private var minimum: Int { 2 * datagram }

    mutating func sent(packet: UInt64, bytes: Int, inFlight: Int, at now: TransferInstant) { nextPacket = packet + 1 }

    mutating func acknowledged(_ ack: AckSummary) {
        if let start = recoveryStart, ack.largestSentAt <= start { return }
        if isInSlowStart {
            hyStart.acknowledged(largest: ack.largest, nextPacket: nextPacket, rtt: ack.hasRTTSample ? ack.rtt.latest : nil)
            if hyStart.phase == .done {
                threshold = window
            } else {
                guard !ack.isAppLimited else { return }
                window += hyStart.growth(ack.bytes)
                return
            }
        }
        guard !ack.isAppLimited else {
            // The clock of the cubic curve stops while the sender is application-limited (§5.8).
            epochStart = nil
            return
        }
        grow(ack)
    }

    private mutating func grow(_ ack: AckSummary) {
        let size = Double(datagram)
        let current = Double(window) / size
        let start: TransferInstant
        if let epochStart {
            start = epochStart
        } else {
            start = ack.now
            epochStart = start
            epochWindow = current
            renoWindow = current
            if current < maximum {
                k = cbrt((maximum - current) / Self.c)
            } else {
                k = 0
                maximum = current
            }
        }
        let t = (ack.now - start).inSeconds
        let rtt = ack.rtt.smoothed.inSeconds
        func curve(_ t: Double) -> Double { Self.c * (t - k) * (t - k) * (t - k) + maximum }
        let acknowledged = Double(ack.bytes) / size
        // §4.3: past the old maximum, Reno grows by one datagram a round trip.
        let alpha = renoWindow >= maximum ? 1 : 3 * (1 - Self.beta) / (1 + Self.beta)
        renoWindow += alpha * acknowledged / current
        var next = current
        if curve(t) < renoWindow {
            next = renoWindow
        } else {
            let target = min(max(curve(t + rtt), current), 1.5 * current)
            next += (target - current) / current * acknowledged
        }
        window = max(Int(next * size), minimum)
    }

    mutating func lost(_ loss: LossSummary, persistent: Bool) {
        if persistent {
            previous = nil
            threshold = max(Int(Double(window) * Self.beta), minimum)
            window = minimum
            epochStart = nil
            recoveryStart = nil
            maximum = Double(threshold) / Double(datagram)
            return
        }
        guard reduces(forPacketSentAt: loss.latestSentAt) else { return }
        previous = Saved(
            window: window, threshold: threshold, maximum: maximum, k: k, epochStart: epochStart, epochWindow: epochWindow,
            renoWindow: renoWindow, hyStart: hyStart)
        reduce(at: loss.now)
    }

    private func reduces(forPacketSentAt sentAt: TransferInstant) -> Bool { recoveryStart.map { sentAt > $0 } ?? true }

    mutating func marked(sentAt: TransferInstant, inFlight: Int, at now: TransferInstant) {
        guard reduces(forPacketSentAt: sentAt) else { return }
        // A CE mark is never spurious.
        previous = nil
        reduce(at: now)
    }

    private mutating func reduce(at now: TransferInstant) {
        recoveryStart = now
        let current = Double(window) / Double(datagram)
        // Fast convergence, §4.7.
        maximum = current < maximum ? current * (1 + Self.beta) / 2 : current
        window = max(Int(Double(window) * Self.beta), minimum)
        threshold = window
        epochStart = nil
        hyStart.finish()
    }

    mutating func lossWasSpurious(at now: TransferInstant) {
        guard let previous, window < previous.window else { return }
        window = previous.window
        threshold = previous.threshold
        maximum = previous.maximum
        k = previous.k
        epochStart = previous.epochStart
        epochWindow = previous.epochWindow
        renoWindow = previous.renoWindow
        hyStart = previous.hyStart
        recoveryStart = nil
        self.previous = nil
    }

    mutating func datagramSizeChanged(to bytes: Int) {
        datagram = bytes
        window = max(window, minimum)
    }
}
