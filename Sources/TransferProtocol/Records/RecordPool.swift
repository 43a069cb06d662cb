/// Memory for the records of all connections of an endpoint: slots of one size, allocated in slabs on demand and reused last in, first out,
/// so that those in use stay in the processor's cache. Held by `RecordPoolTests`.
///
/// Slots are reserved before they are allocated: a receiver reserves with its window, a sender for each record that it fills. One
/// connection may reserve as many as are left unreserved (the dynamic threshold of Choudhury and Hahne, 1998): alone it gets half of the
/// pool, and however many there are, a newcomer finds some.
final class RecordPool {
    private static let slotsPerSlab = 16
    private let limit: Int
    private(set) var reserved = 0
    private var slabs: [UnsafeMutableRawPointer] = []
    private var unused: [Int32] = []

    /// - Parameter limit: slots that can be reserved, except that nobody is denied a first one.
    init(limit: Int) { self.limit = limit }

    deinit { for slab in slabs { slab.deallocate() } }

    /// Slots for which memory is allocated.
    var slotsMade: Int { slabs.count * Self.slotsPerSlab }

    /// Whether a holder of `held` reserved slots may reserve another.
    func allowsMore(than held: Int) -> Bool { held == 0 || held < limit - reserved }

    /// Reserves up to `wanted` slots for a holder of `held`.
    /// - Returns: how many.
    func reserve(upTo wanted: Int, holding held: Int) -> Int {
        let share = max((limit - reserved - held + 1) / 2, held == 0 ? 1 : 0)
        let count = max(min(wanted, share), 0)
        reserved += count
        return count
    }

    /// Gives up `count` reservations, whether they were used or not.
    func release(_ count: Int) { reserved -= count }

    /// Allocates a slot that was reserved.
    func allocate() -> Int32 {
        if let slot = unused.popLast() { return slot }
        let first = slotsMade
        let bytes = Self.slotsPerSlab * RecordFormat.slotSize
        slabs.append(UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64))
        slabs[slabs.count - 1].initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        for slot in (first + 1..<first + Self.slotsPerSlab).reversed() { unused.append(Int32(slot)) }
        return Int32(first)
    }

    func free(_ slot: Int32) { unused.append(slot) }

    func memory(_ slot: Int32) -> UnsafeMutableRawBufferPointer {
        let (slab, index) = Int(slot).quotientAndRemainder(dividingBy: Self.slotsPerSlab)
        return UnsafeMutableRawBufferPointer(start: slabs[slab] + index * RecordFormat.slotSize, count: RecordFormat.slotSize)
    }
}
