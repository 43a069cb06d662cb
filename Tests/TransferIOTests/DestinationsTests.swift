import Synchronization
import Testing

@testable import TransferIO
@testable import TransferProtocol

@Suite struct DestinationsTests {
    private final class Destination: TransferDestination {
        private let abandoned = Atomic(0)
        var timesAbandoned: Int { abandoned.load(ordering: .acquiring) }
        var held: [HeldRange] { [] }
        func resume(keeping kept: [Range<UInt64>]) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {}
        func finish(size: UInt64) {}
        func abandon() { abandoned.add(1, ordering: .acquiringAndReleasing) }
    }

    private static func text(_ works: [Destinations.Work]?) -> [String]? {
        works?.map { work in
            switch work {
            case .write(let request): "write at \(request.offset)"
            case .resume(let kept): "resume \(kept)"
            case .place(let size): "place \(size)"
            }
        }
    }

    private static func write(_ offset: UInt64) -> Destinations.Work {
        .write(WriteRequest(file: 3, offset: offset, bytes: UnsafeRawBufferPointer(start: nil, count: 0), slot: 0))
    }

    @Test func aDestinationIsLentOnceAtATime() {
        var destinations = Destinations()
        let destination = Destination()
        let isAdded = [destinations.add(destination, for: 3), destinations.add(Destination(), for: 3)]
        #expect(isAdded == [true, false])
        #expect(destinations[3] === destination && destinations.areNoneLent)
        let lent = [destinations.lend(3), destinations.lend(3)]
        #expect(lent[0] === destination && lent[1] == nil)
        #expect(destinations[3] == nil && !destinations.areNoneLent)
        let waiting = destinations.reclaim(3)
        #expect(waiting?.isEmpty == true)
        #expect(destinations[3] === destination && destinations.areNoneLent)
        destinations.remove(3)
        #expect(destinations[3] == nil && destination.timesAbandoned == 0)
    }

    @Test func whatIsToBeDoneWaitsInOrderWhileItIsLent() {
        var destinations = Destinations()
        _ = destinations.add(Destination(), for: 3)
        let unlent = [destinations.postpone(Self.write(0), of: 3), destinations.postpone(Self.write(0), of: 4)]
        _ = destinations.lend(3)
        let works = [Self.write(5), .resume(keeping: [0..<5]), Self.write(6), .place(size: 7)]
        let lent = works.map { destinations.postpone($0, of: 3) }
        #expect(unlent == [false, false] && lent == [true, true, true, true])
        let waiting = Self.text(destinations.reclaim(3))
        #expect(waiting == ["write at 5", "resume [Range(0..<5)]", "write at 6", "place 7"])
        _ = destinations.lend(3)
        let later = Self.text(destinations.reclaim(3))
        #expect(later == [])
    }

    @Test func whatFailsWhileItIsLentIsAbandonedWhenItIsBack() {
        var destinations = Destinations()
        let (lent, unlent) = (Destination(), Destination())
        _ = destinations.add(lent, for: 3)
        _ = destinations.add(unlent, for: 4)
        _ = destinations.lend(3)
        _ = destinations.postpone(Self.write(5), of: 3)
        let waiting = [3, 4].map { Self.text(destinations.giveUp($0)) }
        #expect(waiting == [["write at 5"], []])
        #expect(lent.timesAbandoned == 0 && unlent.timesAbandoned == 1 && !destinations.areNoneLent)
        let isPostponed = destinations.postpone(.place(size: 7), of: 3)
        let isBack = destinations.reclaim(3) != nil
        #expect(!isPostponed && !isBack && lent.timesAbandoned == 1 && destinations.areNoneLent)
    }

    @Test func atTheEndWhoHasBorrowedOneAbandonsIt() {
        var destinations = Destinations()
        let (lent, unlent) = (Destination(), Destination())
        _ = destinations.add(lent, for: 3)
        _ = destinations.add(unlent, for: 4)
        _ = destinations.lend(3)
        destinations.abandonAll()
        #expect(lent.timesAbandoned == 0 && unlent.timesAbandoned == 1)
    }
}
