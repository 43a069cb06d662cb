import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

@Suite(.longComputation) struct CongestionTests {
    private func summary(_ bytes: Int, at now: TransferInstant, sentAt: TransferInstant, packet: UInt64, rtt: TransferDuration)
        -> AckSummary
    {
        var estimator = RTTEstimator()
        estimator.add(rtt, ackDelay: .zero)
        return AckSummary(
            now: now, bytes: bytes, inFlight: 0, priorInFlight: bytes, largest: packet, largestSentAt: sentAt, rtt: estimator,
            hasRTTSample: true,
            sample: nil, delivered: 0, isAppLimited: false)
    }

    private func loss(at now: TransferInstant, sentAt: TransferInstant) -> LossSummary {
        LossSummary(
            now: now, bytes: 1200, packets: 1, inFlight: 0, largest: 0, latestSentAt: sentAt, smoothedRTT: .milliseconds(50),
            sample: DeliveryRate.Sample(), delivered: 0)
    }

    @Test func slowStartDoublesAndALossTakesThreeTenths() {
        var cubic = Cubic(datagramSize: 1200)
        #expect(cubic.window == 12_000)
        let start = TransferInstant(nanoseconds: 1_000_000_000)
        cubic.acknowledged(summary(12_000, at: start, sentAt: .zero, packet: 9, rtt: .milliseconds(50)))
        #expect(cubic.window == 24_000)
        cubic.lost(loss(at: start, sentAt: start), persistent: false)
        #expect(cubic.window == 16_800)
        // Further losses of the same round trip do not count.
        cubic.lost(loss(at: start + .milliseconds(10), sentAt: start), persistent: false)
        #expect(cubic.window == 16_800)
    }

    /// A reduction is undone if all its losses were spurious: the window of CUBIC, the bound of bytes in flight of BBR.
    @Test func reorderingCostsNoRate() throws {
        for control in TransferConfiguration.CongestionControl.allCases {
            func rate(_ reorder: Double) throws -> Double {
                var model = LinkModel(rate: 20e6, delay: .milliseconds(20), queue: 100_000, mtu: 1500)
                model.reorder = reorder
                var configuration = TransferConfiguration()
                configuration.congestionControl = control
                let simulation = try Simulation(seed: 5, forward: model, configuration: configuration)
                let connection = try simulation.send([Simulation.file(size: 20_000_000, seed: 5)])
                let start = simulation.now
                #expect(simulation.runToEnd(within: .seconds(Int64(60))))
                if reorder > 0 { #expect(connection.statistics.spuriousLosses > 0, "\(control)") }
                return 20_000_000 * 8 / (simulation.now - start).inSeconds / 20e6
            }
            let (straight, mixed) = (try rate(0), try rate(0.02))
            #expect(straight > 0.9 && mixed > 0.85 * straight, "\(control): \(mixed) of \(straight)")
        }
    }

    /// During a bandwidth probe, losses lower the bound of bytes in flight and end the probe; if all are spurious, the bound is restored.
    @Test func aBoundThatBBRSetForNothingIsTakenBack() {
        var bbr = BBR(datagramSize: 1200, seed: 1)
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        var delivered: UInt64 = 0
        var previous: UInt64 = 0
        /// One round trip at 12 Mbit/s.
        func round(_ rtt: TransferDuration) {
            now = now + rtt
            previous = delivered
            delivered += UInt64(1.5e6 * rtt.inSeconds)
            // So few bytes in flight that no probe is over before it is judged.
            var ack = summary(1200, at: now, sentAt: now, packet: 0, rtt: rtt)
            ack.inFlight = 30_000
            ack.sample = DeliveryRate.Sample(
                rate: 1.5e6, delivered: delivered - previous, priorDelivered: previous, inFlight: Int(delivered - previous))
            ack.delivered = delivered
            bbr.acknowledged(ack)
        }
        for _ in 0..<400 where bbr.state != .probeUp { round(.milliseconds(50)) }
        #expect(bbr.state == .probeUp && bbr.inflightHigh == .max)
        // A queue forms, and a tenth of the bytes in flight is lost.
        round(.milliseconds(80))
        #expect(bbr.state == .probeUp)
        var lost = loss(at: now, sentAt: now)
        lost.sample.inFlight = 100_000
        lost.sample.lost = 10_000
        bbr.lost(lost, persistent: false)
        #expect(bbr.state == .probeDown && bbr.inflightHigh == 100_000)
        bbr.lossWasSpurious(at: now)
        #expect(bbr.inflightHigh == .max)
        // Only once: a later reduction with good reason stays.
        bbr.marked(sentAt: now, inFlight: 50_000, at: now)
        bbr.lossWasSpurious(at: now)
        #expect(bbr.inflightHigh == .max)
    }

    /// Sending less ends the losses behind a rate limit, but not those of a lossy radio link.
    @Test(arguments: [true, false]) func lessTellsALimitFromALossyPath(isLimit: Bool) {
        var trial = LossTrial()
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        let carries = isLimit ? 5e6 : 10e6
        var pace = 15e6
        var verdicts: [LossTrial.Verdict] = []
        for _ in 1...20 {
            now = now + .milliseconds(50)
            let arrives = isLimit ? min(pace, carries) : 0.45 * pace
            let verdict = trial.roundEnded(
                lost: Int((pace - arrives) * 0.05), delivered: Int(arrives * 0.05), known: pace, time: .milliseconds(50), at: now)
            switch verdict {
            case .nothing: continue
            case .limit(let rate): pace = rate
            case .random(let rate): pace = rate
            }
            verdicts.append(verdict)
        }
        #expect(verdicts == (isLimit ? [.limit(5e6)] : [.limit(6.75e6), .random(15e6)]))
    }

    /// During an outage everything is lost, but no second round trip begins.
    @Test func aBreakIsNoLimit() {
        var trial = LossTrial()
        let now = TransferInstant(nanoseconds: 1_000_000_000)
        for (lost, delivered, seconds) in [(0, 50_000, 0.05), (90_000, 10_000, 2), (0, 50_000, 0.05)] {
            let verdict = trial.roundEnded(lost: lost, delivered: delivered, known: 1e6, time: .seconds(seconds), at: now)
            #expect(verdict == .nothing)
        }
    }

    /// RFC 9438 §4.2: after a reduction the window is back at its old maximum after K seconds.
    @Test func theCurveReturnsToTheMaximumAfterK() {
        var cubic = Cubic(datagramSize: 1000)
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        while cubic.window < 400_000 {
            cubic.acknowledged(summary(cubic.window, at: now, sentAt: now, packet: 0, rtt: .milliseconds(100)))
        }
        let maximum = Double(cubic.window) / 1000
        cubic.lost(loss(at: now, sentAt: now), persistent: false)
        let k = cbrt(maximum * 0.3 / 0.4)
        let end = now + .seconds(k)
        now = now + .milliseconds(1)
        while now < end {
            now = now + .milliseconds(10)
            cubic.acknowledged(summary(cubic.window / 10, at: now, sentAt: now, packet: 0, rtt: .milliseconds(100)))
        }
        #expect(abs(Double(cubic.window) / 1000 - maximum) < 0.05 * maximum)
    }

    @Test func theCubeRootIsOne() {
        for value in [1e-9, 0.001, 0.5, 1, 2, 27, 1234.5, 1e18, -8] {
            let root = cbrt(value)
            #expect(abs(root * root * root - value) <= 1e-9 * abs(value), "\(value)")
        }
        #expect(cbrt(0) == 0)
    }

    @Test func hyStartLeavesWhenTheRoundTripRises() {
        var hyStart = HyStart()
        var packet: UInt64 = 0
        func round(_ rtt: Int64) {
            for _ in 0..<10 {
                hyStart.acknowledged(largest: packet, nextPacket: packet + 10, rtt: .milliseconds(rtt))
                packet += 1
            }
        }
        for _ in 0..<3 { round(50) }
        #expect(hyStart.phase == .slowStart)
        for _ in 0..<2 { round(60) }
        #expect(hyStart.phase == .conservative)
        #expect(hyStart.growth(400) == 100)
        for _ in 0..<6 { round(60) }
        #expect(hyStart.phase == .done)
    }

    @Test func aPacerLetsItsRateThroughAndNoBurstOfMoreThanAMillisecond() {
        var pacer = Pacer()
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        let rate = 12_500_000.0
        pacer.setRate(rate, datagramSize: 1200, at: now)
        now = now + .seconds(Int64(1))
        #expect(pacer.allowance(at: now) == 12_500)
        let start = now
        var sent = 0
        while sent < 1_250_000 {
            if pacer.allowance(at: now) > 0 {
                pacer.sent(1200)
                sent += 1200
            } else {
                let next = pacer.nextSend(at: now, datagramSize: 1200)
                #expect(next > now)
                now = next
            }
        }
        let took = (now - start).inSeconds
        #expect(abs(took - Double(sent) / rate) < 0.002)
    }
}
