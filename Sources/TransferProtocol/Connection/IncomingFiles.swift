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

    /// By their numbers; an array for the reason given in ``OutgoingFiles``.
    private var files: ContiguousArray<File> = []
    private(set) var offersEnded = false
    private(set) var unresolved = 0
    private(set) var placed = 0
    private(set) var bytesTotal: UInt64 = 0

    var isDone: Bool { offersEnded && unresolved == 0 }

    subscript(file: FileID) -> File? { Int(file) < files.count ? files[Int(file)] : nil }

    mutating func offered(_ id: FileID, _ offer: FileOffer) -> Bool {
        guard id == files.count, !offersEnded, unresolved < TransferLimits.openFiles, id < FileID.max else { return false }
        files.append(File(offer: offer))
        unresolved += 1
        return true
    }

    mutating func endOffers() { offersEnded = true }

    mutating func answer(_ id: FileID, _ answer: FileAnswer) -> Bool {
        guard self[id]?.state == .offered else { return false }
        switch answer {
        case .decline:
            files[Int(id)].state = .declined
            unresolved -= 1
        case .accept(let held):
            files[Int(id)].state = .accepted
            files[Int(id)].held = held.map(\.range)
            files[Int(id)].awaitsKeep = !held.isEmpty
            // Sizes are the sender's word: their sum may be more than there are numbers.
            let (sum, overflow) = bytesTotal.addingReportingOverflow(files[Int(id)].offer.size ?? 0)
            bytesTotal = overflow ? .max : sum
        }
        return true
    }

    /// - Returns: false if the sender names what we never held.
    mutating func keep(_ id: FileID, _ ranges: [Range<UInt64>]) -> Bool {
        guard let file = self[id], file.awaitsKeep, ranges.allSatisfy({ file.held.contains($0) }) else { return false }
        files[Int(id)].awaitsKeep = false
        files[Int(id)].kept = ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        return true
    }

    /// Whether these bytes of a file may come: nil if the sender breaks its own word, false if nobody wants them any more.
    func wants(_ id: FileID, offset: UInt64, count: Int) -> Bool? {
        guard let file = self[id] else { return nil }
        switch file.state {
        case .offered, .declined, .arrived, .placed: return nil
        case .failed: return false
        case .accepted:
            if let size = file.offer.size, offset + UInt64(count) > size { return nil }
            return true
        }
    }

    mutating func wrote(_ id: FileID, _ count: Int) {
        guard self[id]?.state == .accepted else { return }
        files[Int(id)].written += UInt64(count)
    }

    mutating func ended(_ id: FileID, size: UInt64) -> Bool {
        guard let file = self[id], file.size == nil, file.offer.size ?? size == size else { return false }
        if file.state == .failed { return true }
        guard file.state == .accepted else { return false }
        files[Int(id)].size = size
        return true
    }

    /// Whether more was written than there is: the sender sent something twice.
    func isOverfull(_ id: FileID) -> Bool {
        guard let file = self[id], let size = file.size ?? file.offer.size, !file.awaitsKeep else { return false }
        return file.kept + file.written > size
    }

    /// The file's size if with the latest change every byte of it is written.
    mutating func takeArrived(_ id: FileID) -> UInt64? {
        guard let file = self[id], file.state == .accepted, let size = file.size, !file.awaitsKeep, file.kept + file.written == size
        else { return nil }
        files[Int(id)].state = .arrived
        return size
    }

    mutating func place(_ id: FileID) -> Bool {
        guard self[id]?.state == .arrived else { return false }
        files[Int(id)].state = .placed
        unresolved -= 1
        placed += 1
        return true
    }

    mutating func fail(_ id: FileID) -> Bool {
        guard let state = self[id]?.state, state == .offered || state == .accepted || state == .arrived else { return false }
        files[Int(id)].state = .failed
        unresolved -= 1
        return true
    }
}
