import Glibc
import TransferProtocol

/// A file being received: a `.part` beside its final name, written in any order, with a journal of what it holds; renamed only when it
/// is whole and on the disk, and never over another file unless that was asked for. Held by `DestinationFileTests`.
public final class DestinationFile: TransferDestination, @unchecked Sendable {
    // `@unchecked`: the transfer calls its destinations from one thread at a time; `finalName` is read after `finish`.

    private let name: SafeName
    private let offer: FileOffer
    private let overwrite: Bool
    private let folder: OpenFile
    private let part: PartFile
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
        part = try PartFile.find(folder, name, offer, senderKey)
        let held = part.resumable.reduce(UInt64(0)) { $0 + ($1.upperBound - $1.lowerBound) }
        if let size = offer.size, let free = receiveFolder.freeBytes(), size > held, size - held > free {
            removeIfEmpty()
            throw .noSpace(needed: size - held, free: free)
        }
    }

    // Each chunk is hashed from the file, whatever the journal says.
    public var held: [HeldRange] {
        part.resumable.compactMap { range in
            (try? part.file.digest(of: range)).map { HeldRange(range: range, digest: $0) }
        }
    }

    public func resume(keeping kept: [Range<UInt64>]) throws {
        // What comes anew may have overtaken the word about what stays: it is here already.
        for range in kept { written.insert(range.clamped(to: 0..<(offer.size ?? 0))) }
        try part.journal.reset(keeping: written)
    }

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
        let range = offset..<offset + UInt64(bytes.count)
        if let size = offer.size, range.upperBound > size { throw DestinationError.incomplete(name.path) }
        do throws(SystemError) {
            try part.file.write(bytes, at: offset)
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw DestinationFull() }
            throw DestinationError.cannotWrite(error)
        }
        written.insert(range)
        part.journal.mark(range, in: written)
    }

    public func finish(size: UInt64) throws {
        guard !isOver, written.contains(0..<size), offer.size == nil || offer.size == size else {
            throw DestinationError.incomplete(name.path)
        }
        do throws(SystemError) {
            guard ftruncate(part.file.descriptor, off_t(size)) == 0 else { throw SystemError("cut \(part.file.label)") }
            // Never more than the user's mask allows, never set-user-ID, and always readable by its owner.
            let mask = Self.fileMask
            guard fchmod(part.file.descriptor, (offer.mode & 0o777 & ~mask) | 0o600) == 0 else {
                throw SystemError("set the mode of \(part.file.label)")
            }
            if offer.modified > 0 {
                let time = timespec(
                    tv_sec: Int(offer.modified / 1_000_000_000), tv_nsec: Int(offer.modified % 1_000_000_000))
                guard futimens(part.file.descriptor, [time, time]) == 0 else { throw SystemError("set the time of \(part.file.label)") }
            }
            try part.file.sync()
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw DestinationFull() }
            throw DestinationError.cannotWrite(error)
        }
        let final = try moveIntoPlace()
        isOver = true
        unlinkat(folder.descriptor, part.journalName, 0)
        do throws(SystemError) { try folder.sync() } catch { throw DestinationError.cannotWrite(error) }
        finalName = final
    }

    public func abandon() {
        guard !isOver else { return }
        isOver = true
        // A stream cannot be gone on with; of a file, anything is better than nothing.
        if offer.size == nil || (written.ranges.isEmpty && part.resumable.isEmpty) { part.remove() }
        // The next transfer may go on with it, even while somebody still holds this object.
        part.file.unlock()
    }

    deinit {
        if !isOver { abandon() }
    }

    private func moveIntoPlace() throws(DestinationError) -> String {
        let folders = name.folders.map { $0 + "/" }.joined()
        for number in 0...PartFile.maximumNumber {
            let candidate = name.numbered(number).last
            if try part.move(to: candidate, overwriting: overwrite) { return folders + candidate }
        }
        throw .noFreeName(name.path)
    }

    private func removeIfEmpty() {
        isOver = true
        if part.resumable.isEmpty { part.remove() }
    }

    private static let fileMask: mode_t = {
        // There is no way to ask for the mask but to set it; read once, at the first file.
        let mask = umask(0o077)
        umask(mask)
        return mask
    }()
}
