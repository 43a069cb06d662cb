/// Opened records on their way to the driver: split into chunks, in order where the destination is a pipe, and counted until every
/// chunk of a record is taken.
struct RecordDelivery {
    struct Opened {
        var record: UInt64
        var slot: Int32
        var plaintext: UnsafeRawBufferPointer
    }

    var isOrdered = false
    /// The next record to hand out when they go in order.
    private var next: UInt64 = 0
    private var waiting: [UInt64: Opened] = [:]
    /// By slot: the record, and how many of its chunks are not taken yet.
    private var outstanding: [Int32: (record: UInt64, chunks: Int)] = [:]

    /// What the latest ``add(_:allOpenedBelow:)`` found ready; its memory is used again.
    private(set) var ready: ContiguousArray<Opened> = []

    /// Takes an opened record; leaves those that may be handed out now in ``ready``.
    mutating func add(_ opened: Opened, allOpenedBelow: UInt64) {
        ready.removeAll(keepingCapacity: true)
        guard isOrdered else {
            next = max(next, allOpenedBelow)
            ready.append(opened)
            return
        }
        waiting[opened.record] = opened
        // What was handed out before the order began is not here.
        while next < allOpenedBelow {
            if let first = waiting.removeValue(forKey: next) { ready.append(first) }
            next += 1
        }
    }

    mutating func handOut(_ opened: Opened, chunks: Int) { outstanding[opened.slot] = (opened.record, chunks) }

    /// One chunk of the record in `slot` is taken.
    /// - Returns: the record, once all of it is.
    mutating func release(_ slot: Int32) -> UInt64? {
        guard let (record, chunks) = outstanding[slot] else { return nil }
        if chunks > 1 {
            outstanding[slot] = (record, chunks - 1)
            return nil
        }
        outstanding[slot] = nil
        return record
    }
}
