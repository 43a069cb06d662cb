import DequeModule

/// The files that a sender offers, and which of their bytes to read next.
struct OutgoingFiles {
    enum State { case offered, answered, sending, read, ended, delivered, failed, declined }

    struct File {
        var offer: FileOffer
        var state = State.offered
        /// The ranges still to be read, ascending; for a stream a single range without an end.
        var ranges: Deque<Range<UInt64>> = []
        /// How far the file has been read.
        var position: UInt64 = 0
        var held: [Range<UInt64>] = []
        /// The receiver has sent the name that it gave the file.
        var isNamed = false

        var isStream: Bool { offer.size == nil }
    }

    /// The files by number. An array, because changing a dictionary's element in place costs three allocations, and every record of file
    /// bytes changes one.
    private var files: ContiguousArray<File> = []
    private(set) var offersEnded = false
    /// Accepted files in the order of sending; the first is being read.
    private var queue: Deque<FileID> = []
    private(set) var unresolved = 0
    private(set) var bytesTotal: UInt64 = 0
    private(set) var delivered = 0
    /// At least one file has failed.
    private(set) var hasFailed = false

    var isDone: Bool { offersEnded && unresolved == 0 }

    mutating func add(_ offer: FileOffer) -> FileID {
        files.append(File(offer: offer))
        unresolved += 1
        return FileID(files.count - 1)
    }

    mutating func endOffers() { offersEnded = true }

    subscript(file: FileID) -> File? { Int(file) < files.count ? files[Int(file)] : nil }

    /// - Returns: false if there is no such file, if it is answered already, or if the held ranges are not in it.
    mutating func answered(_ id: FileID, _ answer: FileAnswer) -> Bool {
        guard var file = self[id], file.state == .offered else { return false }
        switch answer {
        case .decline:
            file.state = .declined
            unresolved -= 1
        case .accept(let held):
            // No range can be held of a stream, nor beyond the end of a file.
            if let last = held.last, last.range.upperBound > file.offer.size ?? 0 { return false }
            file.state = .answered
            file.held = held.map(\.range)
            bytesTotal += file.offer.size ?? 0
        }
        files[Int(id)] = file
        return true
    }

    /// Queues an answered file, except for `kept`. `kept` must be among the ranges that the receiver holds.
    mutating func start(_ id: FileID, keeping kept: [Range<UInt64>]) -> Bool {
        guard var file = self[id], file.state == .answered, kept.allSatisfy({ file.held.contains($0) }) else { return false }
        file.state = .sending
        if let size = file.offer.size {
            var position: UInt64 = 0
            for range in kept.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                if position < range.lowerBound { file.ranges.append(position..<range.lowerBound) }
                position = max(position, range.upperBound)
            }
            if position < size { file.ranges.append(position..<size) }
        } else {
            file.ranges = [0..<UInt64.max]
        }
        files[Int(id)] = file
        queue.append(id)
        return true
    }

    /// Removes the first queued file if it has nothing left to read. Call it until it returns nil.
    mutating func popFinished() -> FileID? {
        while let first = queue.first {
            guard let file = self[first], file.state == .sending else {
                queue.removeFirst()
                continue
            }
            guard file.ranges.isEmpty else { return nil }
            files[Int(first)].state = .read
            queue.removeFirst()
            return first
        }
        return nil
    }

    /// The next bytes to read: the file, the offset, the largest count, and whether it is a stream.
    var nextRead: (file: FileID, offset: UInt64, limit: UInt64, isStream: Bool)? {
        guard let first = queue.first, let file = self[first], let range = file.ranges.first else { return nil }
        return (first, range.lowerBound, range.upperBound - range.lowerBound, file.isStream)
    }

    /// Records that `count` bytes from the front of the file's first range were read; 0 ends a stream.
    mutating func advance(_ id: FileID, by count: Int) {
        guard var range = self[id]?.ranges.first else { return }
        let index = Int(id)
        if count == 0 {
            files[index].ranges.removeAll()
            return
        }
        range = range.lowerBound + UInt64(count)..<range.upperBound
        files[index].position = range.lowerBound
        if range.isEmpty { files[index].ranges.removeFirst() } else { files[index].ranges[0] = range }
    }

    /// - Returns: the file's final size, or nil if it was not read to its end.
    mutating func end(_ id: FileID) -> UInt64? {
        guard let file = self[id], file.state == .read else { return nil }
        files[Int(id)].state = .ended
        return file.offer.size ?? file.position
    }

    /// - Returns: false if the receiver cannot have a name for the file yet, or has sent it before.
    mutating func name(_ id: FileID) -> Bool {
        guard let file = self[id], file.state == .ended, !file.isNamed else { return false }
        files[Int(id)].isNamed = true
        return true
    }

    mutating func deliver(_ id: FileID) -> Bool {
        guard self[id]?.state == .ended else { return false }
        files[Int(id)].state = .delivered
        unresolved -= 1
        delivered += 1
        return true
    }

    mutating func fail(_ id: FileID) -> Bool {
        guard let state = self[id]?.state, state != .delivered, state != .failed, state != .declined else { return false }
        files[Int(id)].state = .failed
        hasFailed = true
        files[Int(id)].ranges.removeAll()
        // No file waits behind a failed one.
        queue.removeAll { $0 == id }
        unresolved -= 1
        return true
    }
}
