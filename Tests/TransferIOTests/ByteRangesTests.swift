import TestSupport
import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct ByteRangesTests {
    /// Compares with a plain set of numbers.
    @Test(arguments: 0..<40 as Range<UInt64>) func isASet(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ranges = ByteRanges()
        var model = Set<UInt64>()
        for _ in 0..<200 {
            let start = UInt64.random(in: 0..<200, using: &random)
            let range = start..<start + UInt64.random(in: 0..<12, using: &random)
            ranges.insert(range)
            model.formUnion(range)
            #expect(ranges.count == UInt64(model.count), "seed \(seed)")
            for (left, right) in zip(ranges.ranges, ranges.ranges.dropFirst()) {
                #expect(left.upperBound < right.lowerBound, "seed \(seed)")
            }
            let asked = UInt64.random(in: 0..<200, using: &random)
            let question = asked..<asked + UInt64.random(in: 0..<20, using: &random)
            #expect(ranges.contains(question) == question.allSatisfy(model.contains), "seed \(seed) \(question)")
        }
    }
}
