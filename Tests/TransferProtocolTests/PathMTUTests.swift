import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct PathMTUTests {
    /// Probes a path whose MTU is `limit`, and returns the sizes tried.
    private func search(_ mtu: inout PathMTU, limit: Int) -> [Int] {
        var tried: [Int] = []
        while let size = mtu.nextProbe, tried.count < 100 {
            tried.append(size)
            mtu.sent(size)
            if size <= limit { _ = mtu.acknowledged(size) } else { mtu.lost(size) }
        }
        return tried
    }

    @Test(arguments: [1200, 1280, 1350, 1400, 1452, 1472, 1500]) func aSlowPathGetsTheLargestEthernetSizeThatPasses(limit: Int) {
        var mtu = PathMTU(TransferConfiguration())
        let tried = search(&mtu, limit: limit)
        let expected = [1200, 1280, 1400, 1432, 1452, 1472].last { $0 <= limit }
        #expect(mtu.current == expected)
        // Three probes of each size that fails, one of the size that passes.
        #expect(tried.allSatisfy { $0 <= 1500 } && tried.count <= 3 * 5 + 1)
    }

    @Test func aFastPathGetsWholeRecordsAndGivesThemUpWhenItSlowsDown() {
        var mtu = PathMTU(TransferConfiguration())
        #expect(search(&mtu, limit: 65_000) == [1472])
        #expect(mtu.fit(rate: 100e6) == nil)
        #expect(search(&mtu, limit: 65_000) == [16_438])
        #expect(mtu.current == 16_438)
        #expect(mtu.fit(rate: 20e6) == nil)
        #expect(mtu.fit(rate: 1e6) == 1472)
        #expect(mtu.nextProbe == nil)
    }

    @Test func whatTheKernelRefusesIsNotTriedAgain() {
        var mtu = PathMTU(TransferConfiguration())
        _ = mtu.fit(rate: 1e9)
        while let size = mtu.nextProbe, size > 1500 {
            mtu.sent(size)
            mtu.refused(size)
        }
        #expect(search(&mtu, limit: 1472) == [1472])
    }

    @Test func aBlackHoleLeadsBackToWhatEveryPathCarries() {
        var mtu = PathMTU(TransferConfiguration())
        _ = search(&mtu, limit: 1500)
        #expect(mtu.blackHole() == 1200)
        #expect(mtu.nextProbe.map { $0 < 1472 } ?? false)
    }

    @Test func wherePathsCarryLessThanAtFirstItGoesFurtherDown() {
        var mtu = PathMTU(TransferConfiguration())
        #expect(mtu.blackHole() == 1000)
        #expect(search(&mtu, limit: 1072) == [1199, 1199, 1199])
        #expect(mtu.blackHole() == 700 && mtu.blackHole() == 512 && mtu.blackHole() == nil)
        // The raise timer starts a new search for all of them.
        let now = TransferInstant(nanoseconds: 1_000_000_000)
        while let size = mtu.nextProbe { mtu.refused(size) }
        mtu.raise(at: now)
        mtu.raise(at: now + .seconds(Int64(61)))
        #expect(search(&mtu, limit: 1072).last == 1000)
        #expect(mtu.current == 1000)
    }

    @Test func aPathThatGotBetterIsFoundOut() {
        var mtu = PathMTU(TransferConfiguration())
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        while let size = mtu.nextProbe { if size > 1472 { mtu.refused(size) } else { _ = mtu.acknowledged(size) } }
        #expect(mtu.current == 1472)
        #expect(mtu.blackHole() == 1200)
        while let size = mtu.nextProbe { mtu.refused(size) }
        mtu.raise(at: now)
        now = now + .seconds(Int64(59))
        mtu.raise(at: now)
        #expect(mtu.nextProbe == nil)
        now = now + .seconds(Int64(2))
        mtu.raise(at: now)
        #expect(mtu.nextProbe == 1472)
        #expect(mtu.acknowledged(1472) == 1472)
    }

    @Test func thePeersLimitIsKept() {
        var mtu = PathMTU(TransferConfiguration())
        mtu.limit(toPeerMaximum: 1300)
        #expect(search(&mtu, limit: 65_000) == [1300])
    }
}
