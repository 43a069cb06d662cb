/// The receiver's records: assembled from segments, decrypted, delivered, and released once they are written.
struct RecordReceiver {
    /// Empty before ``begin()``: a connection that never accepts a file costs next to nothing.
    private var assemblies: ContiguousArray<RecordAssembly> = []
    private let mask: Int
    /// Records beyond the lowest unwritten one that may be in flight, at most.
    let window: Int
    let pool: RecordPool
    /// Records below this number may be sent: each beyond ``written`` has a slot reserved.
    private(set) var limit: UInt64 = 0
    /// Every record below is written: the ring begins here.
    private(set) var written: UInt64 = 0
    /// Every record below is opened.
    private(set) var opened: UInt64 = 0
    /// Records that failed to open and are awaited in sealed packets.
    private(set) var failed: [UInt64] = []
    private(set) var failures: UInt64 = 0

    init(window: Int, pool: RecordPool) {
        self.window = window
        self.pool = pool
        mask = max(window, 2).roundedUpToPowerOfTwo - 1
    }

    var hasBegun: Bool { !assemblies.isEmpty }

    /// Reserved slots: of records that are in flight or wait for the disk.
    var credit: Int { Int(limit - written) }

    /// Opens the window.
    mutating func begin() {
        guard !hasBegun else { return }
        assemblies = ContiguousArray(repeating: RecordAssembly(), count: mask + 1)
        extend()
    }

    private mutating func extend() { limit += UInt64(pool.reserve(upTo: window - credit, holding: credit)) }

    /// Ends reception: returns all memory to the pool.
    mutating func end() {
        for assembly in assemblies where assembly.state == .assembling || assembly.state == .opened { pool.free(assembly.slot) }
        assemblies = []
        pool.release(credit)
        limit = written
        opened = written
    }

    private(set) subscript(number: UInt64) -> RecordAssembly {
        get { assemblies[Int(truncatingIfNeeded: number) & mask] }
        _modify { yield &assemblies[Int(truncatingIfNeeded: number) & mask] }
    }

    enum Insertion {
        /// Nothing to do: the record is incomplete, or the piece is a duplicate or outside of the window.
        case pending
        /// The record is complete; call `open`.
        case complete
    }

    /// Inserts a piece of record `low` (the low 32 bits of its number).
    mutating func insert(
        _ payload: UnsafeRawBufferPointer, record low: UInt32, offset: Int, endsRecord: Bool, fromSealed: Bool
    ) -> (Insertion, record: UInt64) {
        let number = TruncatedNumber.expand(low, near: opened)
        guard number >= opened, number < limit else { return (.pending, number) }
        let index = Int(truncatingIfNeeded: number) & mask
        switch assemblies[index].state {
        case .opened, .written: return (.pending, number)
        case .empty: assemblies[index].begin(slot: pool.allocate())
        case .assembling: break
        }
        if assemblies[index].sealedOnly, !fromSealed { return (.pending, number) }
        let end = min(offset + payload.count, RecordFormat.sealedSize)
        guard offset < end else { return (.pending, number) }
        // An honest sender sends no shorter pieces, and each costs memory until its neighbours arrive.
        guard payload.count >= RecordFormat.minimumSegment || endsRecord || end == RecordFormat.sealedSize else {
            return (.pending, number)
        }
        let range = offset..<end
        // Pieces that end a record may be short: of a flood of them, most are dropped.
        guard assemblies[index].hasRoom(for: range) else { return (.pending, number) }
        if endsRecord { assemblies[index].endsAt(end) }
        if !assemblies[index].contains(range), let source = payload.baseAddress, let base = pool.memory(assemblies[index].slot).baseAddress
        {
            (base + offset).copyMemory(from: source, byteCount: range.count)
            assemblies[index].insert(range)
        }
        return (assemblies[index].isComplete ? .complete : .pending, number)
    }

    enum Opening {
        /// The record's plaintext, in the slot's memory; `release` frees the slot.
        case opened(slot: Int32, plaintext: UnsafeRawBufferPointer)
        case failed
        /// It failed though every piece was authenticated: the peer violates the protocol.
        case peerIsWrong
    }

    mutating func open(_ number: UInt64, with cipher: inout PacketCipher) -> Opening {
        let index = Int(truncatingIfNeeded: number) & mask
        let memory = pool.memory(assemblies[index].slot)
        let sealed = UnsafeRawBufferPointer(rebasing: memory[..<assemblies[index].length])
        guard let count = cipher.open(sealed, number: number, into: memory) else {
            failures += 1
            if assemblies[index].sealedOnly { return .peerIsWrong }
            assemblies[index].sealedOnly = true
            assemblies[index].clear()
            failed.append(number)
            return .failed
        }
        if assemblies[index].sealedOnly { failed.removeAll { $0 == number } }
        assemblies[index].state = .opened
        while opened < limit, self[opened].state == .opened || self[opened].state == .written { opened += 1 }
        return .opened(slot: assemblies[index].slot, plaintext: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    /// Frees the record's slot after every byte of it was written.
    mutating func release(_ number: UInt64) {
        let index = Int(truncatingIfNeeded: number) & mask
        guard assemblies[index].state == .opened else { return }
        pool.free(assemblies[index].slot)
        assemblies[index].state = .written
        while written < opened, self[written].state == .written {
            self[written].state = .empty
            self[written].sealedOnly = false
            self[written].slot = -1
            written += 1
            pool.release(1)
        }
        extend()
    }
}
