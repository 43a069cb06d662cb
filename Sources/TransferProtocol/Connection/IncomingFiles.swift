import DequeModule

/// The files a receiver was offered, and how much of them is written.
struct IncomingFiles {
    enum State { case offered, accepted, arrived, placed, failed, declined }

    struct File {
        var offer: FileOffer
        var state = State.offered
        /// We named ranges we hold; which of them stay is not known until the sender says so.
        var awaitsKeep = false
        var held: [Range<UInt64>] = []
        var kept: UInt64 = 0
        var written: UInt64 = 0
        /// The final size, once the sender has read it all and found it unchanged.
        var size: UInt64?
    }

    /// From `base` on by their numbers: those before are settled and forgotten.
    private var files: Deque<File> = []
    private var base: FileID = 0
    /// Bytes of the names of those that are not settled.
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
    /// Files of which something is kept.
    var remembered: Int { files.count }

    /// Whether the file is declined, done or failed: what the sender still says of it is late, and of no interest.
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

    /// Of a file that is settled nothing is kept but that, and not even that once all before it are settled too.
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
            // Sizes are the sender's word: their sum may be more than there are numbers.
            let (sum, overflow) = bytesTotal.addingReportingOverflow(files[Int(id - base)].offer.size ?? 0)
            bytesTotal = overflow ? .max : sum
        }
        return true
    }

    /// - Returns: false if the sender names what we never held.
    mutating func recordKept(_ id: FileID, _ ranges: [Range<UInt64>]) -> Bool {
        guard let file = self[id], file.awaitsKeep, ranges.allSatisfy({ file.held.contains($0) }) else { return false }
        files[Int(id - base)].awaitsKeep = false
        files[Int(id - base)].kept = ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        return true
    }

    /// Whether these bytes of a file may come: nil if the sender breaks its own word, false if nobody wants them any more.
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

    /// Whether more was written than there is: the sender sent something twice.
    func isOverfull(_ id: FileID) -> Bool {
        guard let file = self[id], let size = file.size ?? file.offer.size, !file.awaitsKeep else { return false }
        return file.kept + file.written > size
    }

    /// The file's size if with the latest change every byte of it is written.
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
