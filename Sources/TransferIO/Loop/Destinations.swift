import TransferProtocol

/// The destinations of a transfer's files. One thread at a time uses each: the loop, or the worker to which it is lent. Work for a lent
/// destination is queued until it is returned. Held by `DestinationsTests`.
struct Destinations {
    /// Work that the engine requests for a file.
    enum Work {
        case write(WriteRequest)
        case resume(keeping: [Range<UInt64>])
        case place(size: UInt64)
    }

    private struct Entry {
        let destination: any TransferDestination
        var isLent = false
        /// The file failed while its destination was lent.
        var isGivenUp = false
        var waiting: [Work] = []
    }

    private var entries: [FileID: Entry] = [:]

    /// The destination of a file; nil if there is none or it is lent.
    subscript(file: FileID) -> (any TransferDestination)? { entries[file].flatMap { $0.isLent ? nil : $0.destination } }

    var areNoneLent: Bool { entries.values.allSatisfy { !$0.isLent } }

    /// Adds the destination of a file.
    /// - Returns: false if the file has one.
    mutating func add(_ destination: any TransferDestination, for file: FileID) -> Bool {
        guard entries[file] == nil else { return false }
        entries[file] = Entry(destination: destination)
        return true
    }

    /// Lends a destination to a worker, until ``reclaim(_:)``; nil if there is none or it is lent.
    mutating func lend(_ file: FileID) -> (any TransferDestination)? {
        guard let destination = self[file] else { return nil }
        entries[file]?.isLent = true
        return destination
    }

    /// Returns a lent destination to the loop.
    /// - Returns: the queued work, in order; nil if the file was given up meanwhile and is abandoned now.
    mutating func reclaim(_ file: FileID) -> [Work]? {
        guard let entry = entries[file] else { return nil }
        if entry.isGivenUp {
            entries[file] = nil
            entry.destination.abandon()
            return nil
        }
        entries[file]?.isLent = false
        entries[file]?.waiting = []
        return entry.waiting
    }

    /// Queues work for a file whose destination is lent.
    /// - Returns: false if it is not lent.
    mutating func postpone(_ work: Work, of file: FileID) -> Bool {
        guard let entry = entries[file], entry.isLent, !entry.isGivenUp else { return false }
        entries[file]?.waiting.append(work)
        return true
    }

    /// Removes the destination of a file that is placed.
    mutating func remove(_ file: FileID) { entries[file] = nil }

    /// Abandons the destination of a file that will not arrive, at once or, if it is lent, on its return.
    /// - Returns: the work that was queued and is dropped.
    @discardableResult mutating func giveUp(_ file: FileID) -> [Work] {
        guard let entry = entries[file] else { return [] }
        if entry.isLent {
            entries[file]?.isGivenUp = true
            entries[file]?.waiting = []
        } else {
            entries[file] = nil
            entry.destination.abandon()
        }
        return entry.waiting
    }

    /// Abandons the destinations at the end of the transfer; a worker abandons the one that it has borrowed.
    mutating func abandonAll() {
        for entry in entries.values where !entry.isLent { entry.destination.abandon() }
        entries = [:]
    }
}
