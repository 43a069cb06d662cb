/// Memory for the records of all connections of an endpoint: slots of one size, made in slabs when first needed, and handed out last in,
/// first out, so that the ones in use stay in the processor's cache. Held by `RecordPoolTests`.
///
/// Slots are promised before they are taken: a receiver promises with its window, a sender with each record that it fills. Each may be
/// promised as many as are left for all others (the dynamic threshold of Choudhury and Hahne, 1998): one alone has half of the pool, and
/// however many there are, whoever comes next finds some.
final class RecordPool {
    private static let slotsPerSlab = 16
    private let limit: Int
    private(set) var promised = 0
    private var slabs: [UnsafeMutableRawPointer] = []
    private var unused: [Int32] = []

    /// - Parameter limit: slots promised at most, but for the one that nobody is denied.
    init(limit: Int) { self.limit = limit }

    deinit { for slab in slabs { slab.deallocate() } }

    /// Slots that memory was made for.
    var slotsMade: Int { slabs.count * Self.slotsPerSlab }

    /// Whether one who was promised `held` slots may be promised another.
    func allowsMore(than held: Int) -> Bool { held == 0 || held < limit - promised }

    /// Promises up to `wanted` slots to one who was promised `held` before.
    /// - Returns: how many.
    func promise(upTo wanted: Int, to held: Int) -> Int {
        let share = max((limit - promised - held + 1) / 2, held == 0 ? 1 : 0)
        let count = max(min(wanted, share), 0)
        promised += count
        return count
    }

    /// `count` promises are kept, and what was taken for them given back; or never taken.
    func settle(_ count: Int) { promised -= count }

    /// A slot that was promised.
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
