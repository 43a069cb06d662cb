import Glibc
import SystemSupport
import TransferProtocol

/// A file that is being received: a part file beside its final name, written in any order, with a journal of its contents. It is renamed
/// only when it is complete and synced, and replaces another file only on request. Held by `DestinationFileTests`, `DurabilityTests` and
/// `FinishedFileTests`.
///
/// The journal stays after the file is placed, until the sender is known to know that (``record``).
public final class DestinationFile: TransferDestination, @unchecked Sendable {
    // `@unchecked`: the transfer calls its destinations from one thread at a time; the results are read after `finish`.

    /// The intended name; the final one may have a number.
    private var name: SafeName
    private let offer: FileOffer
    private let senderKey: [UInt8]
    private let overwrite: Bool
    private let names: PlacedNames
    private let receiveFolder: ReceiveFolder
    private let folder: OpenFile
    /// The part file; nil while the file is assumed to be placed already.
    private var part: PartFile?
    /// The file that an earlier transfer placed; nil again once the ranges to keep are copied into the part file.
    private var finished: FinishedFile?
    private var written = ByteRanges()
    private var isOver = false
    private let ending = FileEnding()
    /// The path of the file below the folder, once it is placed.
    public private(set) var finalName: String?
    /// Whether the whole file was in place before the transfer.
    public private(set) var wasThere = false
    public private(set) var changedName: String?
    public private(set) var record: FinishedRecord?

    /// Finds or creates the part file. An earlier one with the same sender, size and time is resumed. One that another transfer uses, and a
    /// file of that name which is no part file, are left alone.
    /// - Parameters:
    /// - name: the offered name, made safe, or the user's own choice.
    ///   - senderKey: the sender's proven static key, 32 bytes.
    /// - overwrite: whether to replace a file that was there before the transfer.
    /// - names: the names of the transfer's other files.
    public init(
        in receiveFolder: ReceiveFolder, name: SafeName, offer: FileOffer, senderKey: [UInt8], overwrite: Bool = false,
        names: PlacedNames = PlacedNames()
    ) throws(DestinationError) {
        self.offer = offer
        self.senderKey = senderKey
        self.overwrite = overwrite
        self.names = names
        self.receiveFolder = receiveFolder
        do throws(SystemError) {
            (folder, self.name) = try names.folders.open(above: name, in: receiveFolder)
        } catch { throw .cannotWrite(error) }
        for candidate in [self.name] + self.name.substitutes {
            finished = FinishedFile.find(folder, candidate, offer, senderKey, claimingIn: names)
            guard finished != nil else { continue }
            self.name = candidate
            return
        }
        let part = try openPart()
        let held = part.resumable.reduce(UInt64(0)) { $0 + ($1.upperBound - $1.lowerBound) }
        if let size = offer.size, let free = receiveFolder.freeBytes(), size > held, size - held > free {
            isOver = true
            if part.resumable.isEmpty { part.remove() }
            throw .noSpace(needed: size - held, free: free)
        }
    }

    // Each chunk is hashed from the file, whatever the journal says.
    public var held: [HeldRange] {
        if let finished {
            return PartJournal.chunks(of: finished.identity.size ?? 0).compactMap { digest(of: $0, in: finished.file) }
        }
        return part.map { part in part.resumable.compactMap { digest(of: $0, in: part.file) } } ?? []
    }

    /// Returns when the part file is released, for another transfer to use. Call it after the transfer has ended.
    public func waitUntilOver() async { await ending.wait() }

    public func resume(keeping kept: [Range<UInt64>]) throws {
        let size = offer.size ?? 0
        let kept = ByteRanges(kept.map { $0.clamped(to: 0..<size) })
        if part == nil, finished != nil, kept.contains(0..<size) { return }
        let part = try openPart()
        if let finished {
            do throws(SystemError) {
                for range in kept.ranges { try finished.file.copy(range, to: part.file) }
            } catch { throw DestinationError.cannotWrite(error) }
            finished.release(in: names)
            self.finished = nil
        }
        // Data of the other ranges may have arrived before this call, and is in `written` already.
        for range in kept.ranges { written.insert(range) }
        try part.journal.reset(keeping: written)
    }

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        let range = offset..<offset + UInt64(bytes.count)
        if let size = offer.size, range.upperBound > size { throw DestinationError.incomplete(name.path) }
        let part = try openPart()
        do throws(SystemError) {
            if part.wasEmpty, !written.overlaps(range) {
                try part.file.writeSparsely(bytes, at: offset)
            } else {
                try part.file.write(bytes, at: offset)
            }
        } catch {
            if error.isForWantOfRoom { throw DestinationFull() }
            throw DestinationError.cannotWrite(error)
        }
        written.insert(range)
        part.journal.mark(range, in: written)
    }

    public func finish(size: UInt64) throws {
        guard !isOver, offer.size == nil || offer.size == size else { throw DestinationError.incomplete(name.path) }
        if part == nil, let finished {
            try confirm(finished)
            wasThere = true
            return ending.signal()
        }
        guard let part, written.contains(0..<size) else { throw DestinationError.incomplete(name.path) }
        try complete(part, size: size)
        ReceivedStamp.set(on: part.file, size: size, modified: offer.size == nil ? 0 : offer.modified, senderKey: senderKey)
        do throws(SystemError) { try receiveFolder.flush(part.file) } catch {
            // Nothing that was written is trusted: a resume would read it from the page cache.
            isOver = true
            part.remove()
            part.file.unlock()
            ending.signal()
            throw DestinationError.notFlushed(error)
        }
        let final = try moveIntoPlace(part)
        defer {
            part.file.unlock()
            ending.signal()
        }
        try settle(final, journal: part.journalName, part.journal.identity)
    }

    public func abandon() {
        guard !isOver else { return }
        isOver = true
        defer { ending.signal() }
        finished?.release(in: names)
        guard let part else { return }
        // A stream cannot be resumed; of a file, any data is worth keeping.
        if offer.size == nil || (written.ranges.isEmpty && part.resumable.isEmpty) { part.remove() }
        // Unlocked, so that the next transfer can resume it even while a reference to this object is left.
        part.file.unlock()
    }

    deinit {
        if !isOver { abandon() }
    }

    private func openPart() throws(DestinationError) -> PartFile {
        if let part { return part }
        let found = try PartFile.find(folder, [name] + name.substitutes, offer, senderKey)
        part = found.part
        name = found.name
        return found.part
    }

    private func digest(of range: Range<UInt64>, in file: OpenFile) -> HeldRange? {
        // Hashing a large file takes long; the transfer may have ended meanwhile.
        ending.isAwaited ? nil : (try? file.digest(of: range)).map { HeldRange(range: range, digest: $0) }
    }

    /// Sets the length, the mode and the time of the complete file.
    private func complete(_ part: PartFile, size: UInt64) throws {
        let (descriptor, label) = (part.file.descriptor, part.file.label)
        do throws(SystemError) {
            guard ftruncate(descriptor, off_t(size)) == 0 else { throw SystemError("cut \(label)") }
            // Never more than the umask allows, never set-user-ID, and always readable by its owner.
            guard fchmod(descriptor, (offer.mode & 0o777 & ~FileMask.value) | 0o600) == 0 else {
                throw SystemError("set the mode of \(label)")
            }
            guard let time = FileTime.timespec(offer.modified) else { return }
            guard futimens(descriptor, [time, time]) == 0 else { throw SystemError("set the time of \(label)") }
        } catch {
            if error.isForWantOfRoom { throw DestinationFull() }
            throw DestinationError.cannotWrite(error)
        }
    }

    private func moveIntoPlace(_ part: PartFile) throws(DestinationError) -> SafeName {
        let file: FileIdentity
        do throws(SystemError) { file = FileIdentity(try part.file.status()) } catch { throw .cannotWrite(error) }
        for number in 0...PartFile.maximumNumber {
            let candidate = name.numbered(number)
            let isPlaced = try names.place(file, as: candidate, in: folder) { () throws(DestinationError) in
                try part.move(to: candidate.last, overwriting: overwrite && number == 0)
            }
            if isPlaced { return candidate }
        }
        throw .noFreeName(name.path)
    }

    /// Confirms a file that was complete before the transfer.
    private func confirm(_ finished: FinishedFile) throws(DestinationError) {
        guard finished.isInPlace else { throw .replaced(folder.label(of: finished.name.last)) }
        do throws(SystemError) { try receiveFolder.flush(finished.file) } catch {
            // A later transfer must not take the file for synced.
            record(of: finished.name, finished.journalName, finished.identity).remove()
            throw .notFlushed(error)
        }
        try settle(finished.name, journal: finished.journalName, finished.identity)
    }

    private func record(of name: SafeName, _ journal: ByteString, _ identity: PartJournal.Identity) -> FinishedRecord {
        FinishedRecord(receiveFolder: receiveFolder, folders: name.folders, journalName: journal, identity: identity)
    }

    /// Syncs the folder and records the result, once the file has its name.
    private func settle(_ final: SafeName, journal: ByteString, _ identity: PartJournal.Identity) throws(DestinationError) {
        isOver = true
        let record = record(of: final, journal, identity)
        do throws(SystemError) { try receiveFolder.flush(folder) } catch {
            // A later transfer must not take the name for synced.
            record.remove()
            throw .inPlaceNotFlushed(final.last.description, error)
        }
        finalName = final.path
        changedName = final.isAsOffered ? nil : final.path
        self.record = record
    }
}

/// The permissions that the user denies to new files and folders (`umask`).
enum FileMask {
    static let value: mode_t = {
        // The mask can only be read by setting it, so it is read once, for the first file.
        let mask = umask(0o077)
        umask(mask)
        return mask
    }()
}
