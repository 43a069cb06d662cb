import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

@Suite(.longComputation) struct ECNTests {
    private func counts(_ capable: UInt64, _ congested: UInt64, other: UInt64 = 0) -> ECNCounts {
        ECNCounts(capable0: capable, capable1: other, congested: congested)
    }

    @Test func marksAreNewsOnce() {
        var validator = ECNValidator()
        #expect(validator.received(counts(10, 0), acknowledgedCapable: 10) == false)
        #expect(validator.state == .capable)
        #expect(validator.received(counts(15, 2), acknowledgedCapable: 17) == true)
        #expect(validator.received(counts(20, 2), acknowledgedCapable: 22) == false)
        // An older ack, reordered.
        #expect(validator.received(counts(12, 1), acknowledgedCapable: 22) == false)
        #expect(validator.state == .capable)
    }

    @Test func whatIsErasedChangedOrNotReportedEndsIt() {
        for wrong in [counts(9, 0), counts(0, 0), counts(10, 0, other: 1), nil] {
            var validator = ECNValidator()
            #expect(validator.received(wrong, acknowledgedCapable: 10) == false)
            #expect(validator.state == .failed, "\(String(describing: wrong))")
            #expect(!validator.marksPackets)
        }
        // An ack of packets that are not ECN-capable proves nothing.
        var validator = ECNValidator()
        #expect(validator.received(nil, acknowledgedCapable: 0) == false)
        #expect(validator.state == .testing)
    }

    /// What the old path did to the ECN bits does not apply to the new one: only packets sent there must be counted.
    @Test func anotherPathIsJudgedAnew() {
        var validator = ECNValidator()
        _ = validator.received(counts(4, 0), acknowledgedCapable: 10)
        #expect(validator.state == .failed)
        // A late ack of packets of the old path.
        _ = validator.received(counts(6, 1), acknowledgedCapable: 12)
        validator = validator.forAnotherPath()
        #expect(validator.received(counts(9, 1), acknowledgedCapable: 3) == false)
        #expect(validator.state == .capable)
        validator = validator.forAnotherPath()
        #expect(validator.received(counts(9, 1), acknowledgedCapable: 1) == false)
        #expect(validator.state == .failed)
    }

    /// A path that clears the ECN bits, and one that drops ECN-capable packets: the transfer does without ECN.
    @Test(arguments: [(true, false), (false, true)]) func aPathWithoutECNIsUsedAllTheSame(erases: Bool, drops: Bool) throws {
        var model = LinkModel(rate: 10e6)
        model.erasesECN = erases
        model.dropsCapable = drops
        let simulation = try Simulation(seed: 3, forward: model)
        let file = Simulation.file(size: 2_000_000, seed: 3)
        let connection = try simulation.send([file])
        let start = simulation.now
        #expect(simulation.runToEnd(within: .seconds(Int64(20))))
        #expect((simulation.now - start).inSeconds < 5)
        #expect(simulation.receiver.received[0] == file.bytes)
        #expect(!connection.path.marksData)
    }

    @Test func onOneThatHasItItIsUsed() throws {
        let simulation = try Simulation(seed: 4, forward: LinkModel(rate: 10e6, loss: 0.02))
        let connection = try simulation.send([Simulation.file(size: 1_000_000, seed: 4)])
        #expect(simulation.runToEnd(within: .seconds(Int64(20))))
        #expect(connection.path.ecn.state == .capable)
    }

    @Test func aMarkIsOneReductionARoundTrip() {
        var cubic = Cubic(datagramSize: 1200, window: 120_000)
        let now = TransferInstant(nanoseconds: 1_000_000_000)
        cubic.marked(sentAt: now, inFlight: 0, at: now)
        #expect(cubic.window == 84_000)
        cubic.marked(sentAt: now, inFlight: 0, at: now + .milliseconds(1))
        #expect(cubic.window == 84_000)
        // A CE mark is never spurious.
        cubic.lossWasSpurious(at: now + .milliseconds(2))
        #expect(cubic.window == 84_000)
    }
}
