/// One record as its pieces come in, in any order.
struct RecordAssembly {
    enum State: UInt8 { case empty, assembling, opened, written }
    var state = State.empty
    var slot: Int32 = -1
    /// It did not open once: only pieces from sealed packets are taken from now on.
    var sealedOnly = false
    /// Everything below is here.
    private var prefix = 0
    /// What is here above, ascending and disjoint.
    private var islands: [Range<Int>] = []
    /// Sealed bytes, once a segment said where the record ends.
    private(set) var length = RecordFormat.sealedSize

    var isComplete: Bool { prefix >= length }
    /// Runs of bytes that are here, each apart from the others.
    var pieces: Int { islands.count + (prefix > 0 ? 1 : 0) }

    /// Whether a piece may be kept: an honest sender's never leave more gaps than a record has segments, and each costs memory.
    func hasRoom(for range: Range<Int>) -> Bool { islands.count < RecordFormat.maximumSegments || range.lowerBound <= prefix }

    mutating func begin(slot: Int32) {
        state = .assembling
        self.slot = slot
        clear()
    }

    /// Forgets the pieces and keeps the slot.
    mutating func clear() {
        prefix = 0
        islands.removeAll(keepingCapacity: true)
        length = RecordFormat.sealedSize
    }

    /// Whether all of `range` is here.
    func contains(_ range: Range<Int>) -> Bool {
        range.upperBound <= prefix || islands.contains { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }
    }

    mutating func endsAt(_ end: Int) { length = end }

    mutating func insert(_ range: Range<Int>) {
        if range.lowerBound <= prefix {
            prefix = max(prefix, range.upperBound)
            while let first = islands.first, first.lowerBound <= prefix {
                prefix = max(prefix, first.upperBound)
                islands.removeFirst()
            }
            return
        }
        var merged = range
        islands.removeAll { island in
            guard island.lowerBound <= merged.upperBound, merged.lowerBound <= island.upperBound else { return false }
            merged = min(merged.lowerBound, island.lowerBound)..<max(merged.upperBound, island.upperBound)
            return true
        }
        let place = islands.firstIndex { $0.lowerBound > merged.lowerBound } ?? islands.count
        islands.insert(merged, at: place)
    }
}
