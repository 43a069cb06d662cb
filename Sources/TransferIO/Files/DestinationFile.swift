import CLinux
import Glibc
import TransferProtocol

/// A file being received: a `.part` beside its final name, written in any order, with a journal of what it holds; renamed only when it
/// is whole and on the disk, and never over another file unless that was asked for. Held by `DestinationFileTests`.
public final class DestinationFile: TransferDestination, @unchecked Sendable {
    // `@unchecked`: the transfer calls its destinations from one thread at a time; `finalName` is read after `finish`.

    /// Tries of `movie (1).mp4`, `movie (2).mp4` …
    private static let maximumNumber = 9999

    private let name: SafeName
    private let offer: FileOffer
    private let overwrite: Bool
    private let folder: OpenFile
    private let part: OpenFile
    private let partName: String
    private let journalName: String
    private let journal: PartJournal
    private let resumable: [Range<UInt64>]
    private var written = ByteRanges()
    private var isOver = false
    /// The path below the folder that the file got, once it is in its place.
    public private(set) var finalName: String?

    /// Finds or makes the `.part`. An earlier one of the same sender, size and time is gone on with; one that another transfer is busy
    /// with, and a file of that name which is not ours, is left alone.
    /// - Parameters:
    ///   - name: the offered name, made safe; or what the user chose instead.
    ///   - senderKey: the sender's proven static key, 32 bytes.
    public init(in receiveFolder: ReceiveFolder, name: SafeName, offer: FileOffer, senderKey: [UInt8], overwrite: Bool = false)
        throws(DestinationError)
    {
        self.name = name
        self.offer = offer
        self.overwrite = overwrite
        do throws(SystemError) {
            folder = try receiveFolder.open(name.folders)
        } catch { throw .cannotWrite(error) }
        let found = try Self.findPart(folder, name, offer, senderKey)
        (part, partName, journalName, journal, resumable) = found
        let held = resumable.reduce(UInt64(0)) { $0 + ($1.upperBound - $1.lowerBound) }
        if let size = offer.size, let free = receiveFolder.freeBytes(), size > held, size - held > free {
            removeIfEmpty()
            throw .noSpace(needed: size - held, free: free)
        }
    }

    // Each chunk is hashed from the file, whatever the journal says.
    public var held: [HeldRange] {
        resumable.compactMap { range in
            (try? part.digest(of: range)).map { HeldRange(range: range, digest: $0) }
        }
    }

    public func resume(keeping kept: [Range<UInt64>]) throws {
        // What comes anew may have overtaken the word about what stays: it is here already.
        for range in kept { written.insert(range.clamped(to: 0..<(offer.size ?? 0))) }
        try journal.reset(keeping: written)
    }

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        let range = offset..<offset + UInt64(bytes.count)
        if let size = offer.size, range.upperBound > size { throw DestinationError.incomplete(name.path) }
        do throws(SystemError) {
            try part.write(bytes, at: offset)
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw DestinationFull() }
            throw DestinationError.cannotWrite(error)
        }
        written.insert(range)
        journal.mark(range, in: written)
    }

    public func finish(size: UInt64) throws {
        guard !isOver, written.contains(0..<size), offer.size == nil || offer.size == size else {
            throw DestinationError.incomplete(name.path)
        }
        do throws(SystemError) {
            guard ftruncate(part.descriptor, off_t(size)) == 0 else { throw SystemError("cut \(part.label)") }
            // Never more than the user's mask allows, never set-user-ID, and always readable by its owner.
            let mask = Self.fileMask
            guard fchmod(part.descriptor, (offer.mode & 0o777 & ~mask) | 0o600) == 0 else {
                throw SystemError("set the mode of \(part.label)")
            }
            if offer.modified > 0 {
                let time = timespec(
                    tv_sec: Int(offer.modified / 1_000_000_000), tv_nsec: Int(offer.modified % 1_000_000_000))
                guard futimens(part.descriptor, [time, time]) == 0 else { throw SystemError("set the time of \(part.label)") }
            }
            try part.sync()
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw DestinationFull() }
            throw DestinationError.cannotWrite(error)
        }
        let final = try moveIntoPlace()
        isOver = true
        unlinkat(folder.descriptor, journalName, 0)
        do throws(SystemError) { try folder.sync() } catch { throw DestinationError.cannotWrite(error) }
        finalName = final
    }

    public func abandon() {
        guard !isOver else { return }
        isOver = true
        // A stream cannot be gone on with; of a file, anything is better than nothing.
        if offer.size == nil || (written.ranges.isEmpty && resumable.isEmpty) { remove() }
        // The next transfer may go on with it, even while somebody still holds this object.
        part.unlock()
    }

    deinit {
        if !isOver { abandon() }
    }

    private func moveIntoPlace() throws -> String {
        let folders = name.folders.map { $0 + "/" }.joined()
        if overwrite {
            guard renameat(folder.descriptor, partName, folder.descriptor, name.last) == 0 else {
                throw DestinationError.cannotWrite(SystemError("rename \(partName) to \(name.last)"))
            }
            return folders + name.last
        }
        for number in 0...Self.maximumNumber {
            let candidate = name.numbered(number).last
            if clinux_rename_exclusive(folder.descriptor, partName, candidate) == 0 { return folders + candidate }
            guard errno == EEXIST else { throw DestinationError.cannotWrite(SystemError("rename \(partName) to \(candidate)")) }
        }
        throw DestinationError.noFreeName(name.path)
    }

    private func removeIfEmpty() {
        isOver = true
        if resumable.isEmpty { remove() }
    }

    private func remove() {
        unlinkat(folder.descriptor, partName, 0)
        unlinkat(folder.descriptor, journalName, 0)
    }

    private static let fileMask: mode_t = {
        // There is no way to ask for the mask but to set it; read once, at the first file.
        let mask = umask(0o077)
        umask(mask)
        return mask
    }()
}

extension DestinationFile {
    private typealias Part = (file: OpenFile, name: String, journalName: String, journal: PartJournal, resumable: [Range<UInt64>])

    private static func findPart(_ folder: OpenFile, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8]) throws(DestinationError)
        -> Part
    {
        do throws(SystemError) {
            for number in 0...maximumNumber {
                let candidate = name.numbered(number)
                if let part = try openPart(folder, candidate, offer, senderKey) { return part }
            }
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw .noSpace(needed: offer.size ?? 1, free: 0) }
            throw .cannotWrite(error)
        }
        throw .noFreeName(name.path)
    }

    /// Nil where that name is taken by something else.
    private static func openPart(_ folder: OpenFile, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8]) throws(SystemError)
        -> Part?
    {
        var isNew = true
        var descriptor = clinux_open_beneath(folder.descriptor, name.partName, O_RDWR | O_CREAT | O_EXCL, 0o600)
        if descriptor < 0, errno == EEXIST {
            isNew = false
            descriptor = clinux_open_beneath(folder.descriptor, name.partName, O_RDWR | O_NONBLOCK, 0)
            // A link, a folder, a file of somebody else, or gone this moment: the next number then.
            if descriptor < 0 { return nil }
        }
        if descriptor < 0 { throw SystemError("make \(folder.label)/\(name.partName)") }
        let part = OpenFile(taking: descriptor, label: "\(folder.label)/\(name.partName)")
        let status = try part.status()
        guard status.st_mode & S_IFMT == S_IFREG, part.tryLock() else { return nil }
        // Another transfer may have renamed it between the open and the lock.
        var named = stat()
        guard fstatat(folder.descriptor, name.partName, &named, AT_SYMLINK_NOFOLLOW) == 0, part.isSameFile(as: named) else { return nil }

        let identity = PartJournal.Identity(
            size: offer.size, modified: offer.modified, senderKey: senderKey, partInode: UInt64(status.st_ino))
        if !isNew {
            let old = (try? OpenFile(below: folder, name.journalName, flags: O_RDWR | O_NONBLOCK)).flatMap(PartJournal.init(reading:))
            if let old, old.identity == identity, offer.size != nil {
                return (part, name.partName, name.journalName, old, old.wholeChunks())
            }
            let isOurs = old.map { $0.identity.partInode == identity.partInode && $0.identity.senderKey == senderKey } ?? false
            // An empty one without a journal is what a crash between the two leaves.
            guard isOurs || (old == nil && status.st_size == 0) else { return nil }
            guard ftruncate(part.descriptor, 0) == 0 else { throw SystemError("empty \(part.label)") }
        }
        do throws(SystemError) {
            let journalFile = try OpenFile(below: folder, name.journalName, flags: O_RDWR | O_CREAT | O_NONBLOCK, mode: 0o600)
            return (part, name.partName, name.journalName, try PartJournal(creating: journalFile, identity), [])
        } catch {
            if isNew {
                unlinkat(folder.descriptor, name.partName, 0)
                unlinkat(folder.descriptor, name.journalName, 0)
            }
            throw error
        }
    }
}
