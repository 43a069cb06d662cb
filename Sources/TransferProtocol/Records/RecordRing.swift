import DequeModule

/// The sender's sealed records, kept until the receiver has opened them.
///
/// A record is sealed once, and every retransmission has the same bytes. So a file that changes meanwhile never puts two plaintexts under
/// one nonce.
struct RecordRing {
    struct Record {
        var slot: Int32 = -1
        var sealedCount = 0
        /// File bytes in the record.
        var dataCount = 0
        /// Length of its segments, bytes.
        var segment = 0
        var segmentCount = 0
        /// Segments that are acknowledged, and segments queued for retransmission, a bit each.
        var acknowledged: UInt64 = 0
        var queued: UInt64 = 0
        /// Its segments are sent in sealed packets, because it, or a good part of the records before it, did not open in the clear.
        var isSealed = false
        /// The receiver has reported that it did not open in the clear.
        var hasFailed = false
        /// Changes when the record is segmented anew.
        var cut: UInt16 = 0

        var isComplete: Bool { acknowledged == segmentCount.allOnes }
    }

    /// A piece of a record, to be sent.
    struct Segment {
        var record: UInt64
        var offset: Int
        var bytes: UnsafeMutableRawBufferPointer
        var endsRecord: Bool
        var isSealed: Bool
    }

    private struct Queued {
        var record: UInt64
        var index: Int
        var cut: UInt16
    }

    private var records: ContiguousArray<Record>
    private let mask: Int
    private let capacity: Int
    let pool: RecordPool
    /// The lowest record not yet opened by the receiver.
    private(set) var base: UInt64 = 0
    /// The number of the next record.
    private(set) var next: UInt64 = 0
    /// The first segment never sent.
    private var cursor: UInt64 = 0
    private var cursorIndex = 0
    private var resend: Deque<Queued> = []

    /// Largest payload of a segment in the clear, and in a sealed packet, bytes.
    private(set) var clearLimit: Int
    private(set) var sealedLimit: Int
    private var damage = DamageEstimate()

    init(capacity: Int, pool: RecordPool, clearLimit: Int, sealedLimit: Int) {
        let size = Swift.max(capacity, 2).roundedUpToPowerOfTwo
        self.capacity = capacity
        records = ContiguousArray(repeating: Record(), count: size)
        mask = size - 1
        self.pool = pool
        self.clearLimit = clearLimit
        self.sealedLimit = sealedLimit
    }

    private subscript(number: UInt64) -> Record {
        get { records[Int(truncatingIfNeeded: number) & mask] }
        _modify { yield &records[Int(truncatingIfNeeded: number) & mask] }
    }

    var isFull: Bool { next - base >= UInt64(capacity) || !pool.allowsMore(than: Int(next - base)) }
    /// The number of sealed records of which nothing was sent yet.
    var unsentCount: Int { Int(next - cursor) }
    var hasSegmentToSend: Bool { !resend.isEmpty || cursor < next }
    var isEmpty: Bool { base == next }

    /// Adds a sealed record, numbered `next`.
    mutating func append(slot: Int32, sealedCount: Int, dataCount: Int) {
        var record = Record()
        record.slot = slot
        record.sealedCount = sealedCount
        record.dataCount = dataCount
        record.isSealed = damage.sealsNextRecord()
        cut(&record)
        let memory = pool.memory(slot)
        UnsafeMutableRawBufferPointer(rebasing: memory[sealedCount...]).initializeMemory(as: UInt8.self, repeating: 0)
        self[next] = record
        next += 1
    }

    private func cut(_ record: inout Record) {
        let limit = record.isSealed ? sealedLimit : clearLimit
        record.segment = RecordFormat.segmentLength(sealed: record.sealedCount, limit: limit)
        record.segmentCount = (record.sealedCount + record.segment - 1) / record.segment
        record.acknowledged = 0
        record.queued = 0
        record.cut &+= 1
    }

    /// The next segment to send: lost ones first, then those never sent.
    mutating func nextSegment() -> Segment? {
        while let first = resend.popFirst() {
            guard first.record >= base, self[first.record].cut == first.cut else { continue }
            self[first.record].queued &= ~(1 << UInt64(first.index))
            guard self[first.record].acknowledged & (1 << UInt64(first.index)) == 0 else { continue }
            return segment(first.record, first.index)
        }
        guard cursor < next else { return nil }
        let piece = segment(cursor, cursorIndex)
        cursorIndex += 1
        if cursorIndex >= self[cursor].segmentCount {
            cursor += 1
            cursorIndex = 0
        }
        return piece
    }

    /// Puts back a segment that did not fit; it becomes the next one again.
    mutating func putBack(_ segment: Segment) {
        let index = segment.offset / self[segment.record].segment
        self[segment.record].queued |= 1 << UInt64(index)
        resend.prepend(Queued(record: segment.record, index: index, cut: self[segment.record].cut))
    }

    private func segment(_ number: UInt64, _ index: Int) -> Segment {
        let record = self[number]
        let offset = index * record.segment
        let isFullRecord = record.sealedCount == RecordFormat.sealedSize
        // A full record's last segment is padded to the length of the others, so that the run of equal datagrams continues.
        let end = isFullRecord && !record.isSealed ? offset + record.segment : Swift.min(offset + record.segment, record.sealedCount)
        let memory = pool.memory(record.slot)
        return Segment(
            record: number, offset: offset, bytes: UnsafeMutableRawBufferPointer(rebasing: memory[offset..<end]),
            endsRecord: !isFullRecord && end == record.sealedCount, isSealed: record.isSealed)
    }

    /// The index of the segment that a packet carried, or nil if the record is gone or was segmented anew.
    private func index(_ content: PacketContent) -> Int? {
        guard content.number >= base, content.number < next else { return nil }
        let record = self[content.number]
        guard record.isSealed == (content.kind == .sealedSegment) else { return nil }
        let (index, rest) = Int(content.offset).quotientAndRemainder(dividingBy: record.segment)
        guard rest == 0, index < record.segmentCount else { return nil }
        let length = Int(content.length)
        return length == record.segment || (index == record.segmentCount - 1 && length < record.segment) ? index : nil
    }

    mutating func acknowledged(_ content: PacketContent) {
        guard let index = index(content) else { return }
        self[content.number].acknowledged |= 1 << UInt64(index)
    }

    /// Queues a packet's segment for retransmission, after a loss or for a probe, unless it is acknowledged.
    mutating func retransmit(_ content: PacketContent) {
        guard let index = index(content) else { return }
        enqueue(content.number, index)
    }

    private mutating func enqueue(_ number: UInt64, _ index: Int) {
        let bit: UInt64 = 1 << UInt64(index)
        guard self[number].acknowledged & bit == 0, self[number].queued & bit == 0 else { return }
        self[number].queued |= bit
        resend.append(Queued(record: number, index: index, cut: self[number].cut))
    }

    /// Frees the records below `number`, all of which the receiver has opened.
    /// - Returns: the file bytes in them.
    mutating func release(below number: UInt64) -> UInt64 {
        var bytes: UInt64 = 0
        while base < number, base < next {
            let record = self[base]
            freeSlot(record.slot)
            bytes += UInt64(record.dataCount)
            if !record.isSealed { damage.opened() }
            base += 1
        }
        if cursor < base {
            cursor = base
            cursorIndex = 0
        }
        return bytes
    }

    /// Allocates memory for the next record.
    func allocateSlot() -> Int32 {
        _ = pool.reserve(upTo: 1, holding: 0)
        return pool.allocate()
    }

    func freeSlot(_ slot: Int32) {
        pool.free(slot)
        pool.release(1)
    }

    /// Ends sending: returns all memory to the pool.
    mutating func end() {
        for number in base..<next { freeSlot(self[number].slot) }
        base = next
        cursor = next
        cursorIndex = 0
        resend = []
    }

    /// Retransmits a record that failed to open, all of it, in sealed packets. A repeated request does not restart it.
    mutating func resendSealed(_ number: UInt64) {
        guard number >= base, number < cursor || (number == cursor && cursorIndex > 0), !self[number].hasFailed else { return }
        self[number].hasFailed = true
        if !self[number].isSealed { damage.failed() }
        self[number].isSealed = true
        recut(number)
    }

    private mutating func recut(_ number: UInt64) {
        var record = self[number]
        cut(&record)
        self[number] = record
        if number == cursor {
            // Its first pass is over: all its segments are queued.
            cursor += 1
            cursorIndex = 0
        }
        for index in 0..<record.segmentCount { enqueue(number, index) }
    }

    /// Whether all segments of the lowest record are acknowledged and yet the receiver has not opened it.
    var isHeadStuck: Bool { base < cursor && self[base].isComplete }

    /// Retransmits the lowest record in sealed packets, whatever was done with it before.
    mutating func resendHead() {
        guard base < cursor else { return }
        self[base].isSealed = true
        self[base].hasFailed = true
        recut(base)
    }

    /// Sets the largest payloads. Records whose segments no longer fit are segmented anew.
    mutating func setLimits(clear: Int, sealed: Int) {
        let shrinks = clear < clearLimit
        clearLimit = clear
        sealedLimit = sealed
        guard shrinks else { return }
        for number in base..<next where self[number].segment > (self[number].isSealed ? sealed : clear) {
            if number < cursor || (number == cursor && cursorIndex > 0) {
                recut(number)
            } else {
                var record = self[number]
                cut(&record)
                self[number] = record
            }
        }
    }
}

/// Estimates whether the path damages so much that records are better sent sealed from the start: one in ten failed to open lately.
struct DamageEstimate {
    private var share = 0.0
    private var sealedLeft = 0

    mutating func failed() {
        share += (1 - share) / 16
        if share > 0.1, sealedLeft == 0 { sealedLeft = 256 }
    }

    mutating func opened() { share -= share / 16 }

    /// Whether to send the next record sealed; called once for each. Now and then a few go in the clear, to see whether the path has
    /// improved.
    mutating func sealsNextRecord() -> Bool {
        guard sealedLeft > 0 else { return false }
        sealedLeft -= 1
        if sealedLeft == 0 { share = 0.09 }
        return true
    }
}

extension Int {
    /// A word with this many of its low bits set.
    fileprivate var allOnes: UInt64 { self >= 64 ? .max : (1 << UInt64(self)) - 1 }

    var roundedUpToPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
