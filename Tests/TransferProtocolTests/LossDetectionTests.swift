import Connectivity
import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct LossDetectionTests {
    private static let first = NetworkPath(remote: NetworkAddress(ipv4: 0x0A00_0001, port: 1), local: .any)
    private static let second = NetworkPath(remote: NetworkAddress(ipv4: 0x0A00_0002, port: 1), local: .any)

    private static func paths() -> PathSet {
        var configuration = TransferConfiguration()
        configuration.congestionControl = .cubic
        return PathSet(first, pinsSource: false, configuration, seed: 1, at: .zero)
    }

    private func content(_ number: UInt64) -> PacketContent { PacketContent(kind: .segment, number: number, offset: 0, length: 1) }

    private struct Harness {
        var detection = LossDetection()
        var paths = LossDetectionTests.paths()
        var now = TransferInstant(nanoseconds: 1_000_000)
        var path: Path { paths.current }

        mutating func send(on other: Path? = nil) {
            detection.sent(
                on: other ?? path, bytes: 1200, eliciting: true,
                content: PacketContent(kind: .segment, number: detection.nextPacketNumber, offset: 0, length: 1), at: now)
        }
        mutating func ack(_ ranges: [ClosedRange<UInt64>]) {
            detection.received(ranges: ranges, delay: .zero, isAppLimited: false, paths: paths, at: now)
        }
        mutating func timeout() -> LossDetection.TimeoutResult { detection.timeout(paths, at: now) }
        var nextTimeout: TransferInstant? { detection.nextTimeout(path) }
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
        #expect(harness.path.bytesInFlight == 1200)
    }

    @Test func nineEighthsOfARoundTripLaterIsLost() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(1))
        harness.send()
        harness.wait(.milliseconds(99))
        harness.ack([1...1])
        // Sent 100 ms ago, with a round trip of 99 ms: lost at 111.375 ms.
        let due = harness.nextTimeout
        #expect(due == TransferInstant(nanoseconds: 1_000_000 + 111_375_000))
        harness.now = due!
        #expect(harness.timeout() == .lossesDetected)
        #expect(harness.detection.lost == [content(0)])
    }

    @Test func theProbeTimeoutDoublesAndAnAckResetsIt() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(40))
        harness.ack([0...0])
        harness.send()
        let first = harness.detection.probeTimeout(harness.path)
        harness.now = harness.nextTimeout!
        #expect(harness.timeout() == .sendProbes)
        #expect(harness.detection.probeTimeout(harness.path) == first * 2)
        #expect(harness.detection.oldestContents(2) == [content(1)])
        // The backoff ends at a second.
        for _ in 0..<10 {
            harness.now = harness.nextTimeout!
            #expect(harness.timeout() == .sendProbes)
            harness.send()
        }
        #expect(harness.detection.probeTimeout(harness.path) == .seconds(Int64(1)))
        harness.wait(.milliseconds(5))
        harness.ack([0...11])
        #expect(harness.detection.probeCount == 0)
        #expect(harness.nextTimeout == nil)
    }

    @Test func anAckOfWhatWasNeverSentIsCountedAndIgnored() {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(5))
        harness.ack([7...UInt64.max - 1])
        #expect(harness.detection.bogusAcks == 1)
        #expect(harness.path.bytesInFlight == 1200)
        harness.ack([0...500])
        #expect(harness.detection.bogusAcks == 2)
        #expect(harness.detection.acknowledged == [content(0)])
        #expect(harness.detection.largestAcknowledged == 0)
    }

    @Test func aReductionForNothingIsUndone() {
        var harness = Harness()
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(50))
        let before = harness.path.controller.window
        harness.ack([4...9])
        #expect(harness.detection.lost.count == 4)
        #expect(harness.path.controller.window < before)
        harness.wait(.milliseconds(5))
        harness.ack([0...9])
        #expect(harness.detection.spuriousLosses == 4)
        #expect(harness.path.controller.window >= before)
        // The path reorders by six: the same pattern is not taken for loss again.
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(50))
        harness.ack([14...19])
        #expect(harness.detection.lost.isEmpty)
    }

    /// Moves to the second path, on which the peer has proven itself.
    private func move(_ harness: inout Harness, roundTrip: TransferDuration = .milliseconds(20)) throws {
        let candidate = try Self.candidate(&harness)
        guard case .challenge(let data, _, _)? = harness.paths.next(challenge: 77, maximumAckDelay: .zero, at: harness.now) else {
            Issue.record("no challenge")
            return
        }
        harness.wait(roundTrip)
        #expect(harness.paths.answered(data, at: harness.now) == .path)
        #expect(harness.path === candidate)
    }

    private static func candidate(_ harness: inout Harness) throws -> Path {
        _ = harness.paths.received(on: second, bytes: 1200, isHighest: true, isProbe: false, at: harness.now)
        return try #require(harness.paths.candidate)
    }

    /// RFC 9000 §9.4: the fate of the old path's packets does not count for the new one, but their contents are retransmitted.
    @Test func packetsOfAnotherPathAreNotCharged() throws {
        var harness = Harness()
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(30))
        try move(&harness)
        #expect(harness.path.bytesInFlight == 0 && harness.path.rtt.latest == .milliseconds(20))
        // A probe timeout is due all the same: nothing else would show what became of the old path's packets.
        #expect(harness.nextTimeout != nil)
        let window = harness.path.controller.window
        for _ in 0..<4 { harness.send() }
        harness.wait(.milliseconds(25))
        // A packet of the old path is acknowledged late: it is no RTT sample of this path, and no delivery.
        harness.ack([9...9])
        #expect(harness.detection.acknowledged == [content(9)] && harness.detection.lost.isEmpty)
        #expect(harness.path.rtt.latest == .milliseconds(20) && harness.path.bytesInFlight == 4800)
        harness.wait(.milliseconds(400))
        harness.ack([9...13])
        #expect(harness.detection.lost.map(\.number) == Array(0...8))
        #expect(harness.path.bytesInFlight == 0)
        #expect(harness.path.controller.window == window + 4800 && harness.path.controller.isInSlowStart)
        // Nor do its spurious losses count.
        harness.ack([0...13])
        #expect(harness.path.controller.window == window + 4800 && harness.detection.spuriousLosses == 9)
        #expect(harness.paths.former.allSatisfy { $0.bytesInFlight == 0 && $0.elicitingInFlight == 0 })
        for _ in 0..<5 { harness.send() }
        harness.wait(.milliseconds(10))
        harness.ack([17...18])
        #expect(harness.detection.lost == [content(14), content(15)])
    }

    /// A challenge on a path that is validated is no packet of the present one: whether it is lost or overtakes, the present path keeps its
    /// window, its round-trip time, and its packets in flight.
    @Test func aPathThatIsValidatedChangesNothingAtTheOther() throws {
        var harness = Harness()
        harness.send()
        harness.wait(.milliseconds(200))
        harness.ack([0...0])
        let candidate = try Self.candidate(&harness)
        harness.send(on: candidate)
        for _ in 0..<6 { harness.send() }
        harness.send(on: candidate)
        harness.wait(.milliseconds(5))
        let (window, rtt) = (harness.path.controller.window, harness.path.rtt)
        #expect(harness.path.bytesInFlight == 7200 && candidate.bytesInFlight == 2400)
        // It is the shorter path: its packets overtake those of the present one.
        harness.ack([8...8])
        #expect(harness.detection.lost.isEmpty && harness.path.bytesInFlight == 7200)
        #expect(harness.path.rtt.smoothed == rtt.smoothed && harness.path.controller.window == window)
        harness.wait(.milliseconds(195))
        harness.ack([2...8])
        // The first challenge is lost, which is no sign of congestion on the present path.
        harness.wait(.seconds(Int64(2)))
        _ = harness.timeout()
        #expect(harness.detection.lost == [content(1)])
        #expect(harness.path.bytesInFlight == 0 && candidate.bytesInFlight == 0)
        #expect(harness.path.controller.window > window && harness.path.controller.isInSlowStart)
    }

    /// After a change of what is sent, what was sent before counts as little as that of another path.
    @Test func beginningAnewForgetsWhatIsInFlight() {
        var harness = Harness()
        for _ in 0..<5 { harness.send() }
        harness.wait(.milliseconds(10))
        harness.paths.beginAnew()
        #expect(harness.path.bytesInFlight == 0 && harness.path.elicitingInFlight == 0)
        for _ in 0..<2 { harness.send() }
        let window = harness.path.controller.window
        harness.wait(.milliseconds(600))
        harness.ack([4...6])
        #expect(harness.detection.acknowledged.count == 3 && harness.detection.lost.count == 4)
        #expect(harness.path.bytesInFlight == 0 && harness.path.controller.window == window + 2400)
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
        let due = harness.nextTimeout
        #expect(due == sentAt + .milliseconds(100))
        harness.now = due!
        #expect(harness.timeout() == .lossesDetected)
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
            let due = harness.nextTimeout ?? .zero
            harness.now = sentAt + .milliseconds(80 + late)
            if due <= harness.now { _ = harness.detection.timeout(harness.paths, at: due) }
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
            _ = harness.timeout()
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
        #expect(harness.path.rtt.latest == .milliseconds(101))
        // Sent 71 ms ago.
        harness.ack([33...33, 0...3])
        #expect(harness.path.rtt.latest == .milliseconds(101))
        harness.wait(.milliseconds(10))
        harness.ack([33...33, 0...15])
        #expect(harness.path.rtt.latest == .milliseconds(99))
        #expect(harness.path.rtt.minimum == .milliseconds(80))
    }

    /// Spurious losses of one reduction do not count for the next, and one real loss is enough to keep a reduction.
    @Test func onlyAReductionAllOfWhoseLossesArriveIsUndone() {
        var harness = Harness()
        for _ in 0..<20 { harness.send() }
        harness.wait(.milliseconds(50))
        harness.ack([5...19])
        #expect(harness.detection.lost.count == 5)
        let reduced = harness.path.controller.window
        harness.wait(.milliseconds(2))
        harness.ack([1...19])
        #expect(harness.detection.spuriousLosses == 4 && harness.path.controller.window == reduced)
        // A round trip later another packet is lost; then the last of the first ones is acknowledged.
        for _ in 0..<10 { harness.send() }
        harness.wait(.milliseconds(50))
        harness.ack([21...29, 1...19])
        harness.wait(.milliseconds(30))
        _ = harness.timeout()
        #expect(harness.path.controller.window < reduced)
        let twice = harness.path.controller.window
        harness.ack([21...29, 0...19])
        #expect(harness.detection.spuriousLosses == 5 && harness.path.controller.window == twice)
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
        #expect(harness.path.controller.window == 3600)
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
            if harness.nextTimeout.map({ $0 <= harness.now }) ?? false {
                _ = harness.timeout()
                settle(harness)
            }
            if Bool.random(using: &random), !arrived.isEmpty {
                harness.ack(arrived.ranges)
                settle(harness)
            }
            let sent = Int(harness.detection.nextPacketNumber)
            #expect(harness.path.bytesInFlight == 1200 * (sent - acknowledged.union(lost).count), "seed \(seed)")
        }
        arrived.insert(harness.detection.nextPacketNumber)
        harness.send()
        harness.wait(.milliseconds(10))
        harness.ack(arrived.ranges)
        settle(harness)
        harness.wait(.seconds(Int64(5)))
        _ = harness.timeout()
        settle(harness)
        #expect(harness.path.bytesInFlight == 0)
        let forgotten = lost.filter { arrived.mayContain($0) && !acknowledged.contains($0) }
        #expect(arrived.ranges.allSatisfy { $0.allSatisfy { acknowledged.contains($0) || forgotten.contains($0) } }, "seed \(seed)")
    }
}
