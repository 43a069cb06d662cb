import TransferProtocol

/// The destinations of a transfer's files, each of which is used by one thread at a time: it is at hand, for the loop, or lent to one
/// worker. What is to be done with one meanwhile waits until it is back. Held by `DestinationsTests`.
struct Destinations {
    /// What the engine wants done with a file.
    enum Work {
        case write(WriteRequest)
        case resume(keeping: [Range<UInt64>])
        case place(size: UInt64)
    }

    private struct Entry {
        let destination: any TransferDestination
        var isLent = false
        /// Failed while it was lent.
        var isGivenUp = false
        var waiting: [Work] = []
    }

    private var entries: [FileID: Entry] = [:]

    /// Nil where there is none at hand.
    subscript(file: FileID) -> (any TransferDestination)? { entries[file].flatMap { $0.isLent ? nil : $0.destination } }

    var areAllAtHand: Bool { entries.values.allSatisfy { !$0.isLent } }

    /// Takes a destination over.
    /// - Returns: false where the file has one.
    mutating func add(_ destination: any TransferDestination, for file: FileID) -> Bool {
        guard entries[file] == nil else { return false }
        entries[file] = Entry(destination: destination)
        return true
    }

    /// For a worker, until ``takeBack(_:)``; nil where there is none at hand.
    mutating func lend(_ file: FileID) -> (any TransferDestination)? {
        guard let destination = self[file] else { return nil }
        entries[file]?.isLent = true
        return destination
    }

    /// A worker has done its part.
    /// - Returns: what has waited, in order; nil where the file was given up meanwhile: it is abandoned now.
    mutating func takeBack(_ file: FileID) -> [Work]? {
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

    /// Keeps work for later where a worker has the file.
    /// - Returns: false where there is nothing to wait for.
    mutating func postpone(_ work: Work, of file: FileID) -> Bool {
        guard let entry = entries[file], entry.isLent, !entry.isGivenUp else { return false }
        entries[file]?.waiting.append(work)
        return true
    }

    /// The file is in its place.
    mutating func remove(_ file: FileID) { entries[file] = nil }

    /// The file will not arrive: its destination is abandoned, when it is back if a worker has it.
    /// - Returns: what has waited, and waits no more.
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

    /// The transfer is over: who has borrowed one abandons it.
    mutating func abandonAll() {
        for entry in entries.values where !entry.isLent { entry.destination.abandon() }
        entries = [:]
    }
}
