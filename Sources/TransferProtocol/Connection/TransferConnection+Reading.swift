/// File bytes into records.
extension TransferConnection {
    /// Sealed records kept ready: enough to fill one large send, few enough to stay in the processor's cache.
    private static let sealedAhead = 6

    /// Whether the driver is to read something now.
    var wantsRead: Bool {
        role == .sender && phase == .established && pendingRead == nil && !ring.isFull && ring.unsentCount < Self.sealedAhead
            && ring.next < peerLimit && outgoing.nextRead != nil
    }

    /// Asks for the next bytes if there is room for them.
    func nextReadRequest() -> ReadRequest? {
        guard wantsRead, let read = outgoing.nextRead else { return nil }
        // A stream may keep its reader waiting: what is read already does not wait with it.
        if read.isStream, filling?.count ?? 0 > 0 { sealFilling() }
        guard wantsRead else { return nil }
        if filling == nil { filling = Filling(slot: ring.allocateSlot()) }
        guard let filling else { return nil }
        let start = filling.count + RecordFormat.chunkHeader
        let length = min(UInt64(RecordFormat.plaintextSize - start), read.limit)
        let request = ReadRequest(
            file: read.file, offset: read.offset,
            buffer: UnsafeMutableRawBufferPointer(rebasing: ring.pool.memory(filling.slot)[start..<start + Int(length)]), slot: filling.slot
        )
        pendingRead = request
        return request
    }

    /// The bytes are in place behind the room left for their header.
    func addChunk(_ request: ReadRequest, _ count: Int) {
        guard var current = filling, current.slot == request.slot else { return }
        let memory = ring.pool.memory(current.slot)
        RecordFormat.writeChunkHeader(file: request.file, offset: request.offset, length: count, to: memory, at: current.count)
        current.count += RecordFormat.chunkHeader + count
        current.dataCount += count
        filling = current
        // The next chunk, of this file or the next, joins if it would not be tiny.
        let isFull = RecordFormat.plaintextSize - current.count < 2 * RecordFormat.chunkHeader
        let isShortRead = count < request.buffer.count
        if isFull || isShortRead { sealFilling() }
    }

    /// Seals what was gathered, if no more will join it.
    func sealIfNothingFollows() {
        if filling?.count ?? 0 > 0, pendingRead == nil, outgoing.nextRead == nil { sealFilling() }
    }

    func sealFilling() {
        guard let current = filling, current.count > 0, keys != nil else { return }
        let memory = ring.pool.memory(current.slot)
        let number = ring.next
        guard keys!.sealRecord.seal(memory, count: current.count, number: number) else {
            return violated("a record could not be sealed")
        }
        filling = nil
        ring.append(slot: current.slot, sealedCount: current.count + RecordFormat.tagSize, dataCount: current.dataCount)
    }
}
