/// The way of opened records to the driver: in chunks, in order if the destination is a pipe, and counted until all chunks of a record are
/// written.
struct RecordDelivery {
    struct Opened {
        var record: UInt64
        var slot: Int32
        var plaintext: UnsafeRawBufferPointer
    }

    var isOrdered = false
    /// The next record to deliver in order.
    private var next: UInt64 = 0
    private var waiting: [UInt64: Opened] = [:]
    /// By slot: the record, and how many of its chunks are not written yet.
    private var outstanding: [Int32: (record: UInt64, chunks: Int)] = [:]

    /// The records that the latest ``add(_:allOpenedBelow:)`` found deliverable; its memory is reused.
    private(set) var ready: ContiguousArray<Opened> = []

    /// Adds an opened record and puts those that can be delivered into ``ready``.
    mutating func add(_ opened: Opened, allOpenedBelow: UInt64) {
        ready.removeAll(keepingCapacity: true)
        guard isOrdered else {
            next = max(next, allOpenedBelow)
            ready.append(opened)
            return
        }
        waiting[opened.record] = opened
        // Records delivered before `isOrdered` was set are not in `waiting`.
        while next < allOpenedBelow {
            if let first = waiting.removeValue(forKey: next) { ready.append(first) }
            next += 1
        }
    }

    mutating func track(_ opened: Opened, chunks: Int) { outstanding[opened.slot] = (opened.record, chunks) }

    /// Records that one chunk of the record in `slot` is written.
    /// - Returns: the record, once all its chunks are.
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
