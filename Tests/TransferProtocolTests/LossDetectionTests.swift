import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct LossDetectionTests {
    private func content(_ number: UInt64) -> PacketContent { PacketContent(kind: .segment, number: number, offset: 0, length: 1) }

    private struct Harness {
        var detection = LossDetection()
        var controller: any CongestionController = Cubic(datagramSize: 1200)
        var now = TransferInstant(nanoseconds: 1_000_000)

        mutating func send() {
            detection.sent(
                bytes: 1200, eliciting: true,
                content: PacketContent(kind: .segment, number: detection.nextPacketNumber, offset: 0, length: 1),
                controller: &controller, at: now)
        }
        mutating func ack(_ ranges: [ClosedRange<UInt64>]) {
            detection.received(ranges: ranges, delay: .zero, isAppLimited: false, controller: &controller, at: now)
        }
        mutating func wait(_ duration: TransferDuration) { now = now + duration }
        /// The first three packets, with a round trip of 80 ms; the second arrives after the third.
        mutating func seeReordering() {
            for _ in 0..<3 { send() }
            wait(.milliseconds(80))
            ack([2...2, 0...0])
            ack([0...2])
        }
    }

    @Test func threePacketsLaterIsLost() {
        var harness = Harness()
        for _ in 0..<5 { harness.send() }
        harness.wait(.milliseconds(10))
        harness.ack([1...2])
        #expect(harness.detection.lost.isEmpty)
        harness.ack([1...3])
        #expect(harness.detection.lost == [content(0)])
        #expect(harness.detection.bytesInFlight == 1200)
    }

    @Test func nineEighthsOfARoundTripLaterIsLost() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(1))
        harness.send()
        harness.wait(.milliseconds(99))
        harness.ack([1...1])
        // Sent 100 ms ago, with a round trip of 99 ms: lost at 111.375 ms.
        let due = harness.detection.nextTimeout
        #expect(due == TransferInstant(nanoseconds: 1_000_000 + 111_375_000))
        harness.now = due!
        #expect(harness.detection.timeout(controller: &harness.controller, at: harness.now) == .lossesDetected)
        #expect(harness.detection.lost == [content(0)])
    }

    @Test func theProbeTimeoutDoublesAndAnAckResetsIt() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(40))
        harness.ack([0...0])
        harness.send()
        let first = harness.detection.probeTimeout
        harness.now = harness.detection.nextTimeout!
        #expect(harness.detection.timeout(controller: &harness.controller, at: harness.now) == .sendProbes)
        #expect(harness.detection.probeTimeout == first * 2)
        #expect(harness.detection.oldestContents(2) == [content(1)])
        // The backoff ends at a second.
        for _ in 0..<10 {
            harness.now = harness.detection.nextTimeout!
            #expect(harness.detection.timeout(controller: &harness.controller, at: harness.now) == .sendProbes)
            harness.send()
        }
        #expect(harness.detection.probeTimeout == .seconds(Int64(1)))
        harness.wait(.milliseconds(5))
        harness.ack([0...11])
        #expect(harness.detection.probeCount == 0)
        #expect(harness.detection.nextTimeout == nil)
    }

    @Test func anAckOfWhatWasNeverSentIsCountedAndIgnored() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(5))
        harness.ack([7...UInt64.max - 1])
        #expect(harness.detection.bogusAcks == 1)
        #expect(harness.detection.bytesInFlight == 1200)
        harness.ack([0...500])
        #expect(harness.detection.bogusAcks == 2)
        #expect(harness.detection.acknowledged == [content(0)])
        #expect(harness.detection.largestAcknowledged == 0)
    }

    @Test func aReductionForNothingIsUndone() {
        var harness = Harness()
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(50))
        let before = harness.controller.window
        harness.ack([4...9])
        #expect(harness.detection.lost.count == 4)
        #expect(harness.controller.window < before)
        harness.wait(.milliseconds(5))
        harness.ack([0...9])
        #expect(harness.detection.spuriousLosses == 4)
        #expect(harness.controller.window >= before)
        // The path reorders by six: the same pattern is not taken for loss again.
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(50))
        harness.ack([14...19])
        #expect(harness.detection.lost.isEmpty)
    }

    /// RFC 9000 §9.4: the fate of the old path's packets does not count for the new one, but their contents are retransmitted.
    @Test func packetsOfAnotherPathAreNotCharged() {
        var harness = Harness()
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(30))
        harness.detection.pathChanged()
        #expect(harness.detection.bytesInFlight == 0 && harness.detection.nextTimeout == nil)
        let window = harness.controller.window
        for _ in 0..<4 { harness.send() }
        harness.wait(.milliseconds(20))
        // A packet of the old path is acknowledged late: it is no RTT sample of this path, and no delivery.
        harness.ack([9...9])
        #expect(harness.detection.acknowledged == [content(9)])
        #expect(!harness.detection.rtt.hasSample && harness.detection.bytesInFlight == 4800)
        harness.ack([9...13])
        #expect(harness.detection.lost.map(\.number) == Array(0...8))
        #expect(harness.detection.bytesInFlight == 0 && harness.detection.rtt.latest == .milliseconds(20))
        #expect(harness.controller.window == window + 4800 && harness.controller.isInSlowStart)
        // Nor do its spurious losses count.
        harness.ack([0...13])
        #expect(harness.controller.window == window + 4800 && harness.detection.spuriousLosses == 9)
        for _ in 0..<5 { harness.send() }
        harness.wait(.milliseconds(10))
        harness.ack([17...18])
        #expect(harness.detection.lost == [content(14), content(15)])
    }

    /// RFC 8985 §6.2: after reordering, the number of packets that overtook one says nothing; it is waited for a quarter of the minimum RTT
    /// longer.
    @Test func onAPathThatReordersTimeAloneTells() {
        var harness = Harness()
        harness.seeReordering()
        #expect(harness.detection.spuriousLosses == 0)
        let sentAt = harness.now
        for _ in 0..<200 { harness.send() }
        harness.wait(.milliseconds(80))
        harness.ack([4...202, 0...2])
        #expect(harness.detection.lost.isEmpty)
        let due = harness.detection.nextTimeout
        #expect(due == sentAt + .milliseconds(100))
        harness.now = due!
        #expect(harness.detection.timeout(controller: &harness.controller, at: harness.now) == .lossesDetected)
        #expect(harness.detection.lost == [content(3)])
    }

    /// After a packet that was later than that, later ones are waited for as long, up to a second round trip.
    @Test func patienceGrowsWithWhatCameLater() {
        var harness = Harness()
        harness.seeReordering()
        func lateness(_ late: Int64, _ harness: inout Harness) -> TransferDuration {
            let sentAt = harness.now
            let first = harness.detection.nextPacketNumber
            for _ in 0..<4 { harness.send() }
            harness.wait(.milliseconds(80))
            harness.ack([first + 1...first + 3, 0...first - 1])
            let due = harness.detection.nextTimeout ?? .zero
            harness.now = sentAt + .milliseconds(80 + late)
            if due <= harness.now { _ = harness.detection.timeout(controller: &harness.controller, at: due) }
            harness.ack([0...first + 3])
            return due - sentAt - .milliseconds(80)
        }
        #expect(lateness(40, &harness) == .milliseconds(20))
        #expect(harness.detection.spuriousLosses == 1)
        #expect(lateness(40, &harness) == .milliseconds(45))
        #expect(harness.detection.spuriousLosses == 1)
        let patient = lateness(600, &harness)
        #expect(patient >= .milliseconds(45) && patient < .milliseconds(60), "\(patient)")
        let patientest = lateness(0, &harness)
        #expect(patientest > .milliseconds(75) && patientest < .milliseconds(100), "\(patientest)")
    }

    /// Reordering is forgotten after a while.
    @Test func reorderingIsForgotten() {
        var harness = Harness()
        harness.seeReordering()
        var lostAtOnce = 0
        for _ in 0..<40 {
            let first = harness.detection.nextPacketNumber
            for _ in 0..<8 { harness.send() }
            harness.wait(.milliseconds(80))
            harness.ack([first + 1...first + 7])
            if !harness.detection.lost.isEmpty { lostAtOnce += 1 }
            harness.wait(.milliseconds(120))
            _ = harness.detection.timeout(controller: &harness.controller, at: harness.now)
            harness.wait(.milliseconds(1))
        }
        #expect(lostAtOnce > 0 && lostAtOnce < 30, "\(lostAtOnce)")
        #expect(harness.detection.lostPackets == 40)
    }

    /// A packet that overtakes others was faster than they: its RTT is not typical, and that of the packets behind it is.
    @Test func theRoundTripIsThatOfWhatComesInItsTurn() {
        var harness = Harness()
        harness.seeReordering()
        for _ in 0..<40 {
            harness.send()
            harness.wait(.milliseconds(1))
        }
        harness.wait(.milliseconds(61))
        harness.ack([0...3])
        #expect(harness.detection.rtt.latest == .milliseconds(101))
        // Sent 71 ms ago.
        harness.ack([33...33, 0...3])
        #expect(harness.detection.rtt.latest == .milliseconds(101))
        harness.wait(.milliseconds(10))
        harness.ack([33...33, 0...15])
        #expect(harness.detection.rtt.latest == .milliseconds(99))
        #expect(harness.detection.rtt.minimum == .milliseconds(80))
    }

    /// Spurious losses of one reduction do not count for the next, and one real loss is enough to keep a reduction.
    @Test func onlyAReductionAllOfWhoseLossesArriveIsUndone() {
        var harness = Harness()
        for _ in 0..<20 { harness.send() }
        harness.wait(.milliseconds(50))
        harness.ack([5...19])
        #expect(harness.detection.lost.count == 5)
        let reduced = harness.controller.window
        harness.wait(.milliseconds(2))
        harness.ack([1...19])
        #expect(harness.detection.spuriousLosses == 4 && harness.controller.window == reduced)
        // A round trip later another packet is lost; then the last of the first ones is acknowledged.
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(50))
        harness.ack([21...29, 1...19])
        harness.wait(.milliseconds(30))
        _ = harness.detection.timeout(controller: &harness.controller, at: harness.now)
        #expect(harness.controller.window < reduced)
        let twice = harness.controller.window
        harness.ack([21...29, 0...19])
        #expect(harness.detection.spuriousLosses == 5 && harness.controller.window == twice)
    }

    @Test func nothingThroughForLongCollapsesTheWindow() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(20))
        harness.ack([0...0])
        for _ in 0..<8 {
            harness.send()
            harness.wait(.milliseconds(200))
        }
        harness.send()
        harness.wait(.milliseconds(20))
        harness.ack([9...9, 0...0])
        // The minimum window, and one datagram for the one that was acknowledged.
        #expect(harness.controller.window == 3600)
    }

    /// Every packet is reported as acknowledged or lost once, those in flight are the rest, and all that arrived are acknowledged in the
    /// end.
    @Test(arguments: 0..<30 as Range<UInt64>) func everyPacketHasOneFate(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var harness = Harness()
        var arrived = AckRanges()
        var acknowledged = Set<UInt64>()
        var lost = Set<UInt64>()
        func settle(_ harness: Harness) {
            for content in harness.detection.acknowledged { #expect(acknowledged.insert(content.number).inserted, "seed \(seed)") }
            for content in harness.detection.lost {
                #expect(lost.insert(content.number).inserted, "seed \(seed)")
                #expect(!acknowledged.contains(content.number), "seed \(seed)")
            }
        }
        for _ in 0..<400 {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if Double.random(in: 0..<1, using: &random) < 0.8 { arrived.insert(harness.detection.nextPacketNumber) }
                harness.send()
            }
            harness.wait(.milliseconds(.random(in: 1...30, using: &random)))
            if harness.detection.nextTimeout.map({ $0 <= harness.now }) ?? false {
                _ = harness.detection.timeout(controller: &harness.controller, at: harness.now)
                settle(harness)
            }
            if Bool.random(using: &random), !arrived.isEmpty {
                harness.ack(arrived.ranges)
                settle(harness)
            }
            let sent = Int(harness.detection.nextPacketNumber)
            #expect(harness.detection.bytesInFlight == 1200 * (sent - acknowledged.union(lost).count), "seed \(seed)")
        }
        arrived.insert(harness.detection.nextPacketNumber)
        harness.send()
        harness.wait(.milliseconds(10))
        harness.ack(arrived.ranges)
        settle(harness)
        harness.wait(.seconds(Int64(5)))
        _ = harness.detection.timeout(controller: &harness.controller, at: harness.now)
        settle(harness)
        #expect(harness.detection.bytesInFlight == 0)
        let forgotten = lost.filter { arrived.mayContain($0) && !acknowledged.contains($0) }
        #expect(arrived.ranges.allSatisfy { $0.allSatisfy { acknowledged.contains($0) || forgotten.contains($0) } }, "seed \(seed)")
    }
}
