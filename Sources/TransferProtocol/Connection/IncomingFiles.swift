import DequeModule

/// The files that a receiver was offered, and how much of each is written.
struct IncomingFiles {
    enum State { case offered, accepted, arrived, placed, failed, declined }

    struct File {
        var offer: FileOffer
        var state = State.offered
        /// The answer named held ranges, and the sender has not said yet which of them stay.
        var awaitsKeep = false
        var held: [Range<UInt64>] = []
        var kept: UInt64 = 0
        var written: UInt64 = 0
        /// The final size, known once the sender has read the whole file and found it unchanged.
        var size: UInt64?
    }

    /// The files from number `base` on: all before it are settled and forgotten.
    private var files: Deque<File> = []
    private var base: FileID = 0
    /// Bytes of the names of the unsettled files.
    private var nameBytes = 0
    private(set) var offersEnded = false
    private(set) var unresolved = 0
    private(set) var placed = 0
    private(set) var bytesTotal: UInt64 = 0

    var isDone: Bool { offersEnded && unresolved == 0 }

    subscript(file: FileID) -> File? {
        guard file >= base, Int(file - base) < files.count else { return nil }
        return files[Int(file - base)]
    }

    var isEmpty: Bool { base == 0 && files.isEmpty }
    /// The number of files of which some state is kept.
    var remembered: Int { files.count }

    /// Whether the file is declined, done or failed: later messages about it are ignored.
    func isSettled(_ id: FileID) -> Bool {
        guard id >= base else { return true }
        return switch self[id]?.state {
        case .placed, .failed, .declined: true
        case .offered, .accepted, .arrived, nil: false
        }
    }

    mutating func offered(_ id: FileID, _ offer: FileOffer) -> Bool {
        let bytes = nameBytes + offer.name.utf8.count
        guard id == base + FileID(files.count), !offersEnded, unresolved < TransferLimits.openFiles, files.count < TransferLimits.fileSpan,
            bytes <= TransferLimits.openNameBytes, id < FileID.max
        else { return false }
        files.append(File(offer: offer))
        nameBytes = bytes
        unresolved += 1
        return true
    }

    /// Marks a file as settled and drops its other state; drops the entry too once all before it are settled.
    private mutating func settle(_ id: FileID, _ state: State) {
        let index = Int(id - base)
        files[index].state = state
        nameBytes -= files[index].offer.name.utf8.count
        files[index].offer.name = ""
        files[index].held = []
        unresolved -= 1
        while !files.isEmpty, isSettled(base) {
            files.removeFirst()
            base += 1
        }
    }

    mutating func endOffers() { offersEnded = true }

    mutating func answer(_ id: FileID, _ answer: FileAnswer) -> Bool {
        guard self[id]?.state == .offered else { return false }
        switch answer {
        case .decline:
            settle(id, .declined)
        case .accept(let held):
            files[Int(id - base)].state = .accepted
            files[Int(id - base)].held = held.map(\.range)
            files[Int(id - base)].awaitsKeep = !held.isEmpty
            // The sender chooses the sizes: their sum may overflow.
            let (sum, overflow) = bytesTotal.addingReportingOverflow(files[Int(id - base)].offer.size ?? 0)
            bytesTotal = overflow ? .max : sum
        }
        return true
    }

    /// - Returns: false if a range is not among those that the answer named.
    mutating func recordKept(_ id: FileID, _ ranges: [Range<UInt64>]) -> Bool {
        guard let file = self[id], file.awaitsKeep, ranges.allSatisfy({ file.held.contains($0) }) else { return false }
        files[Int(id - base)].awaitsKeep = false
        files[Int(id - base)].kept = ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        return true
    }

    /// Whether these bytes of a file are to be written: nil if the sender violates the protocol, false if the file is settled.
    func wants(_ id: FileID, offset: UInt64, count: Int) -> Bool? {
        if isSettled(id) { return false }
        guard let file = self[id], file.state == .accepted else { return nil }
        if let size = file.offer.size, offset + UInt64(count) > size { return nil }
        return true
    }

    mutating func wrote(_ id: FileID, _ count: Int) {
        guard self[id]?.state == .accepted else { return }
        files[Int(id - base)].written += UInt64(count)
    }

    mutating func ended(_ id: FileID, size: UInt64) -> Bool {
        if isSettled(id) { return true }
        guard let file = self[id], file.size == nil, file.offer.size ?? size == size, file.state == .accepted else { return false }
        files[Int(id - base)].size = size
        return true
    }

    /// Whether more bytes were written than the file has: the sender has sent some twice.
    func isOverfull(_ id: FileID) -> Bool {
        guard let file = self[id], let size = file.size ?? file.offer.size, !file.awaitsKeep else { return false }
        return file.kept + file.written > size
    }

    /// The file's size if every byte of it is written; each file is returned only once.
    mutating func popArrived(_ id: FileID) -> UInt64? {
        guard let file = self[id], file.state == .accepted, let size = file.size, !file.awaitsKeep, file.kept + file.written == size
        else { return nil }
        files[Int(id - base)].state = .arrived
        return size
    }

    mutating func place(_ id: FileID) -> Bool {
        guard self[id]?.state == .arrived else { return false }
        settle(id, .placed)
        placed += 1
        return true
    }

    mutating func fail(_ id: FileID) -> Bool {
        guard let state = self[id]?.state, state == .offered || state == .accepted || state == .arrived else { return false }
        settle(id, .failed)
        return true
    }
}
