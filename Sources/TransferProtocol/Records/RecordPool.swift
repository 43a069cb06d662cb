/// Memory for records: slots of one size, made in slabs when first needed, and handed out last in, first out, so that the ones in
/// use stay in the processor's cache.
final class RecordPool {
    private static let slotsPerSlab = 16
    private let limit: Int
    private var slabs: [UnsafeMutableRawPointer] = []
    private var free: [Int32] = []

    /// - Parameter limit: slots at most.
    init(limit: Int) { self.limit = limit }

    deinit { for slab in slabs { slab.deallocate() } }

    /// A slot, or nil when all are in use.
    func take() -> Int32? {
        if let slot = free.popLast() { return slot }
        let first = slabs.count * Self.slotsPerSlab
        guard first < limit else { return nil }
        let bytes = Self.slotsPerSlab * RecordFormat.slotSize
        slabs.append(UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64))
        slabs[slabs.count - 1].initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        for slot in (first..<first + Self.slotsPerSlab).reversed() { free.append(Int32(slot)) }
        return free.popLast()
    }

    func give(back slot: Int32) { free.append(slot) }

    func memory(_ slot: Int32) -> UnsafeMutableRawBufferPointer {
        let (slab, index) = Int(slot).quotientAndRemainder(dividingBy: Self.slotsPerSlab)
        return UnsafeMutableRawBufferPointer(start: slabs[slab] + index * RecordFormat.slotSize, count: RecordFormat.slotSize)
    }
}
