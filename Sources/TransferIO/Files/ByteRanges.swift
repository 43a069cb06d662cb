/// A set of bytes of a file as ascending ranges that neither touch nor overlap. Held by `ByteRangesTests`.
package struct ByteRanges: Hashable, Sendable {
    package private(set) var ranges: [Range<UInt64>] = []

    package init(_ ranges: [Range<UInt64>] = []) {
        for range in ranges { insert(range) }
    }

    /// The number of bytes in the set.
    package var count: UInt64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

    package mutating func insert(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        // In-order data, the usual case, only extends the last range.
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            return
        }
        let first = firstIndex(endingAtOrAfter: range.lowerBound)
        var end = first
        var joined = range
        while end < ranges.count, ranges[end].lowerBound <= range.upperBound {
            joined = min(joined.lowerBound, ranges[end].lowerBound)..<max(joined.upperBound, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(first..<end, with: CollectionOfOne(joined))
    }

    /// Whether every byte of `range` is in the set; true for an empty one.
    package func contains(_ range: Range<UInt64>) -> Bool {
        if range.isEmpty { return true }
        let index = firstIndex(endingAtOrAfter: range.upperBound)
        return index < ranges.count && ranges[index].lowerBound <= range.lowerBound
    }

    /// Whether any byte of `range` is in the set.
    package func overlaps(_ range: Range<UInt64>) -> Bool {
        // In-order data lies behind all ranges.
        guard let last = ranges.last, range.lowerBound < last.upperBound else { return false }
        let index = firstIndex(endingAtOrAfter: range.lowerBound + 1)
        return index < ranges.count && ranges[index].lowerBound < range.upperBound
    }

    private func firstIndex(endingAtOrAfter bound: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
