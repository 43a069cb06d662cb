import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct AckRangesTests {
    @Test(arguments: 0..<40 as Range<UInt64>) func holdsWhatASetOfIntegersHolds(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ranges = AckRanges()
        var model = Set<UInt64>()
        var floor: UInt64 = 0
        let span = UInt64.random(in: 10...400, using: &random)
        for _ in 0..<500 {
            let number = UInt64.random(in: 0..<span, using: &random)
            // A forgotten number does not pass for new.
            #expect((ranges.insert(number) == .new) == (number >= floor && model.insert(number).inserted), "seed \(seed)")
            #expect(ranges.mayContain(number), "seed \(seed)")
            if Int.random(in: 0..<50, using: &random) == 0 {
                let edge = UInt64.random(in: 0..<span, using: &random)
                ranges.forget(below: edge)
                model = model.filter { $0 >= edge }
                floor = max(floor, edge)
            }
        }
        #expect(Set(ranges.ranges.flatMap { Array($0) }) == model, "seed \(seed)")
        for (above, below) in zip(ranges.ranges, ranges.ranges.dropFirst()) { #expect(above.lowerBound > below.upperBound + 1) }

        // The ranges survive encoding and decoding.
        var read: [ClosedRange<UInt64>] = []
        try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { memory in
            var writer = WireWriter(memory)
            guard ranges.write(to: &writer, delay: 77) else { return }
            var reader = WireReader(UnsafeRawBufferPointer(rebasing: memory[..<writer.count]))
            let delay = try AckRanges.read(from: &reader, into: &read).delay
            #expect(delay == 77 && reader.isAtEnd)
        }
        #expect(read == ranges.ranges, "seed \(seed)")
    }

    @Test func memoryIsBoundedAndTheHighestSurvive() {
        var ranges = AckRanges()
        for number in 0..<10_000 as Range<UInt64> { ranges.insert(number * 2) }
        #expect(ranges.ranges.count == AckRanges.capacity)
        #expect(ranges.largest == 19_998)
        #expect(ranges.ranges.last == 19_488...19_488)
    }

    @Test func whatDoesNotFitIsLeftOutFromTheLowEnd() throws {
        var ranges = AckRanges()
        for number in 0..<200 as Range<UInt64> { ranges.insert(number * 3) }
        try withUnsafeTemporaryAllocation(byteCount: 60, alignment: 8) { memory in
            var writer = WireWriter(memory)
            #expect(ranges.write(to: &writer, delay: 0))
            #expect(!writer.overflowed)
            var read: [ClosedRange<UInt64>] = []
            var reader = WireReader(UnsafeRawBufferPointer(rebasing: memory[..<writer.count]))
            _ = try AckRanges.read(from: &reader, into: &read)
            #expect(read.count > 5 && read == Array(ranges.ranges.prefix(read.count)))
        }
    }
}
