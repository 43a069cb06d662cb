import TestSupport
import Testing
import TransferProtocol
import TransferSimulator

/// Rows of the goodput table that are fast enough for every run; `TransferBenchmark goodput` prints the whole table.
@Suite(.longComputation) struct GoodputTests {
    /// Random loss costs its share of the rate, not the rate.
    @Test(arguments: [(0, 0.95), (0.01, 0.93), (0.05, 0.85)]) func randomLossIsNotTakenForCongestion(loss: Double, least: Double) throws {
        let result = try Goodput.alone(.bbr, Goodput.Path(10, 20, loss: loss))
        #expect(result.share > least && !result.isDamaged, "\(result)")
    }

    /// A radio link that fades, or a new competing flow: the former rate is not kept up.
    @Test(arguments: [Goodput.Control.bbr, .cubic]) func aPathThatSlowsDownIsNotFlooded(control: Goodput.Control) throws {
        let result = try Goodput.afterDrop(control, Goodput.Path(20, 40), to: 2)
        #expect(result.share > 0.9 && result.dropped < 0.05, "\(result)")
    }

    @Test(arguments: [0.25, 10]) func neitherAShortQueueNorADeepOneIsAnObstacle(queue: Double) throws {
        let result = try Goodput.alone(.bbr, Goodput.Path(10, 20, queue: queue))
        #expect(result.share > 0.8 && result.delay < 1.5, "\(result)")
    }

    /// One datagram in twenty overtakes all that are in flight, in either direction: nothing is lost, and no rate is.
    @Test(arguments: [Goodput.Control.bbr, .cubic]) func whatOvertakesCostsNoRate(control: Goodput.Control) throws {
        var path = Goodput.Path(20, 40)
        path.reorder = 0.05
        let result = try Goodput.alone(control, path, seconds: 15)
        #expect(result.share > 0.85, "\(result)")
    }

    /// Reordering costs little of the rate that damage, duplicates and jitter leave.
    @Test func whatOvertakesIsNotTakenForLossOnAPathThatHasBoth() throws {
        var path = Goodput.Path(50, 40)
        (path.corrupt, path.duplicate, path.jitter) = (0.02, 0.05, 10)
        let inOrder = try Goodput.alone(.bbr, path, seconds: 15)
        path.reorder = 0.05
        let reordered = try Goodput.alone(.bbr, path, seconds: 15)
        #expect(reordered.share > 0.4 && reordered.share > 0.6 * inOrder.share, "\(reordered), in order \(inOrder)")
        #expect(!reordered.isDamaged)
    }

    /// A token bucket lets a burst pass at once; a sender that takes that for the bandwidth overflows the queue behind it, again and again.
    @Test(arguments: [0.2, 40], [1, 4, 32, 64, 256, 1024]) func aBurstIsNotTakenForTheRate(roundTrip: Double, bucket: Int) throws {
        let path = Goodput.Path(16, roundTrip, queue: 50 / roundTrip, bucket: bucket << 10)
        let bbr = try Goodput.alone(.bbr, path, seconds: 15)
        let cubic = try Goodput.alone(.cubic, path, seconds: 15)
        #expect(bbr.dropped <= 2 * cubic.dropped && bbr.share > 0.93, "\(bbr) beside \(cubic)")
    }

    /// Beside CUBIC, whichever flow joins the other, at any depth of the queue.
    @Test(arguments: [0, 10, -10 as Int64], [0.5, 1, 2, 4]) func neitherStarvesTheOther(head: Int64, queue: Double) throws {
        let share = try Goodput.share(.bbr, beside: .cubic, Goodput.Path(10, 20, queue: queue), head: head, seconds: 30)
        #expect(share > 0.3 && share < 0.7, "\(share)")
    }

    @Test(arguments: [0, 10 as Int64]) func twoOfCUBICShareThePath(head: Int64) throws {
        let share = try Goodput.share(.cubic, beside: .cubic, Goodput.Path(10, 20), head: head, seconds: 30)
        #expect(share > 0.3 && share < 0.7, "\(share)")
    }

    /// A path on which a probe every two seconds would never let a CUBIC flow recover, nor one of ours back off.
    @Test func aShortQueueOnALongerPathIsShared() throws {
        let share = try Goodput.share(.bbr, beside: .cubic, Goodput.Path(20, 50, queue: 0.5), head: -10, seconds: 30)
        #expect(share > 0.3 && share < 0.8, "\(share)")
    }

    /// The order of the probes is random, so a single run of two flows says little.
    @Test(arguments: [0.5, 1, 2, 4]) func aLaterFlowOfTheSameKindGetsItsShare(queue: Double) throws {
        let shares = try (1...3).map {
            try Goodput.share(.bbr, beside: .bbr, Goodput.Path(10, 20, queue: queue), head: 10, seconds: 30, seed: $0)
        }
        #expect(Goodput.fairness(ofShare: shares.reduce(0, +) / 3) > 0.95, "\(shares)")
    }

    /// CUBIC, which fills any queue, stays below the marking threshold; after start-up nothing is lost.
    @Test func marksAreHeeded() throws {
        let marking = try Goodput.alone(.cubic, Goodput.Path(10, 40, queue: 4, marks: true), seconds: 15)
        let dropping = try Goodput.alone(.cubic, Goodput.Path(10, 40, queue: 4), seconds: 15)
        let longer = try Goodput.alone(.cubic, Goodput.Path(10, 40, queue: 4, marks: true), seconds: 30)
        #expect(marking.share > 0.9 && marking.marked > 0 && marking.delay < dropping.delay - 0.5, "\(marking), \(dropping)")
        #expect(longer.dropped == marking.dropped)
    }
}
