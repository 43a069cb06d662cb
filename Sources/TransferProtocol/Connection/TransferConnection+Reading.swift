/// Gathering of file bytes into records.
extension TransferConnection {
    /// Sealed records kept ready: enough to fill one large send, few enough to stay in the processor's cache.
    private static let sealedAhead = 6

    /// Whether the driver is to read file bytes now.
    var wantsRead: Bool {
        role == .sender && phase == .established && pendingRead == nil && !ring.isFull && ring.unsentCount < Self.sealedAhead
            && ring.next < peerLimit && outgoing.nextRead != nil
    }

    /// The next read request, if there is room for its bytes.
    func nextReadRequest() -> ReadRequest? {
        guard wantsRead, let read = outgoing.nextRead else { return nil }
        // A stream may block its reader: bytes already read are sent without waiting for more.
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

    /// Adds the bytes of a read request to the record as a chunk; their header goes into the space left before them.
    func addChunk(_ request: ReadRequest, _ count: Int) {
        guard var current = filling, current.slot == request.slot else { return }
        let memory = ring.pool.memory(current.slot)
        RecordFormat.writeChunkHeader(file: request.file, offset: request.offset, length: count, to: memory, at: current.count)
        current.count += RecordFormat.chunkHeader + count
        current.dataCount += count
        filling = current
        // Another chunk joins unless it would be tiny; a short read seals the record at once.
        let isFull = RecordFormat.plaintextSize - current.count < 2 * RecordFormat.chunkHeader
        let isShortRead = count < request.buffer.count
        if isFull || isShortRead { sealFilling() }
    }

    /// Seals the gathered bytes if no more will join them.
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
