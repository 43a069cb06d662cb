/// The reassembly of one record from pieces in any order.
struct RecordAssembly {
    enum State: UInt8 { case empty, assembling, opened, written }
    var state = State.empty
    var slot: Int32 = -1
    /// The record failed to open once: only pieces from sealed packets are accepted.
    var sealedOnly = false
    /// Everything below this offset has arrived.
    private var prefix = 0
    /// The ranges that arrived above `prefix`, ascending and disjoint.
    private var islands: [Range<Int>] = []
    /// The record's size, sealed, once a segment that ends it has arrived.
    private(set) var length = RecordFormat.sealedSize

    var isComplete: Bool { prefix >= length }
    /// The number of separate ranges that have arrived.
    var pieces: Int { islands.count + (prefix > 0 ? 1 : 0) }

    /// Whether a piece may be stored: an honest sender never leaves more gaps than a record has segments, and each costs memory.
    func hasRoom(for range: Range<Int>) -> Bool { islands.count < RecordFormat.maximumSegments || range.lowerBound <= prefix }

    mutating func begin(slot: Int32) {
        state = .assembling
        self.slot = slot
        clear()
    }

    /// Drops the pieces and keeps the slot.
    mutating func clear() {
        prefix = 0
        islands.removeAll(keepingCapacity: true)
        length = RecordFormat.sealedSize
    }

    /// Whether all of `range` has arrived.
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
