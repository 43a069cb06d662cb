import CLinux
import Glibc
import SystemSupport
import TransferProtocol

/// A `.part` with the journal beside it, locked against other transfers. Nothing is done to it by name unless the name still leads to
/// the file that is open here. Held by `DestinationFileTests`.
final class PartFile {
    let file: OpenFile
    let journal: PartJournal
    /// What an earlier transfer left in it, by its journal.
    let resumable: [Range<UInt64>]
    /// Nothing was in it: what is not written reads as zeros.
    let wasEmpty: Bool
    private let folder: OpenFile
    private let name: SafeName

    private init(
        _ file: OpenFile, _ journal: PartJournal, resumable: [Range<UInt64>], wasEmpty: Bool, in folder: OpenFile, _ name: SafeName
    ) {
        self.file = file
        self.journal = journal
        self.resumable = resumable
        self.wasEmpty = wasEmpty
        self.folder = folder
        self.name = name
    }

    var journalName: ByteString { name.journalName }

    /// Gives it its final name.
    /// - Returns: false where that is taken and not to be overwritten.
    func move(to final: ByteString, overwriting: Bool, exclusively move: ExclusiveMove = .system) throws(DestinationError) -> Bool {
        // By another transfer's final name, or by a person: what has the name now is not what was received.
        guard isInPlace else { throw .replaced(file.label) }
        let code = overwriting ? overwrite(final) : move(in: folder.descriptor, from: name.partName, to: final)
        if code == 0 { return true }
        // A folder is not a file that could be overwritten.
        if code == (overwriting ? EISDIR : EEXIST) { return false }
        throw .cannotWrite(SystemError("rename \(name.partName) to \(final)", code: code))
    }

    private func overwrite(_ final: ByteString) -> Int32 {
        let isMoved = name.partName.withCString { part in
            final.withCString { renameat(folder.descriptor, part, folder.descriptor, $0) } == 0
        }
        return isMoved ? 0 : errno
    }

    /// Takes both away.
    func remove() {
        guard isInPlace else { return }
        folder.remove(name.journalName)
        folder.remove(name.partName)
    }

    private var isInPlace: Bool { folder.status(of: name.partName).map { file.isSameFile(as: $0) } ?? false }
}

extension PartFile {
    /// Tries of `movie (1).mp4`, `movie (2).mp4` …
    static let maximumNumber = 9999

    /// Finds the part that an earlier transfer of the same file left, or makes one.
    /// - Parameter names: of the file, the next for where the file system refuses the one before.
    /// - Returns: the part, and which of the names it was.
    static func find(_ folder: OpenFile, _ names: [SafeName], _ offer: FileOffer, _ senderKey: [UInt8]) throws(DestinationError) -> (
        part: PartFile, name: SafeName
    ) {
        var refusal = SystemError("make \(folder.label(of: names[0].partName))", code: EINVAL)
        for name in names where folder.takesDots(of: name.last) {
            do throws(SystemError) {
                for number in 0...maximumNumber {
                    if let part = try open(folder, name.numbered(number), offer, senderKey) { return (part, name) }
                }
            } catch {
                if error.isForWantOfRoom { throw .noSpace(needed: offer.size ?? 1, free: 0) }
                guard error.isRefusedName else { throw .cannotWrite(error) }
                refusal = error
                continue
            }
            throw .noFreeName(name.path)
        }
        throw .cannotWrite(refusal)
    }

    /// Nil where that name is taken by something else.
    private static func open(_ folder: OpenFile, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8]) throws(SystemError)
        -> PartFile?
    {
        var isNew = true
        let part: OpenFile
        do throws(SystemError) {
            part = try OpenFile(below: folder, name.partName, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        } catch {
            guard error.code == EEXIST else { throw error }
            isNew = false
            // A link, a folder, a file of somebody else, or gone this moment: the next number then.
            guard let old = try? OpenFile(below: folder, name.partName, flags: O_RDWR | O_NONBLOCK) else { return nil }
            part = old
        }
        let status = try part.status()
        guard status.st_mode & S_IFMT == S_IFREG, part.tryLock() else { return nil }
        // Another transfer may have renamed it between the open and the lock.
        guard let named = folder.status(of: name.partName), part.isSameFile(as: named) else { return nil }

        let identity = PartJournal.Identity(
            size: offer.size, modified: offer.modified, senderKey: senderKey, partInode: UInt64(status.st_ino))
        if !isNew {
            let old = PartJournal(in: folder, name.journalName)
            if let old, old.identity == identity, offer.size != nil {
                return PartFile(part, old, resumable: old.wholeChunks(), wasEmpty: false, in: folder, name)
            }
            let isOurs = old.map { $0.identity.partInode == identity.partInode && $0.identity.senderKey == senderKey } ?? false
            // An empty one without a journal is what a crash between the two leaves.
            guard isOurs || (old == nil && status.st_size == 0) else { return nil }
            guard ftruncate(part.descriptor, 0) == 0 else { throw SystemError("empty \(part.label)") }
        }
        do throws(SystemError) {
            // Whatever is there belongs to no part: this one has the name.
            let journalFile = try OpenFile(below: folder, name.journalName, flags: O_RDWR | O_CREAT | O_NONBLOCK, mode: 0o600)
            return PartFile(part, try PartJournal(creating: journalFile, identity), resumable: [], wasEmpty: true, in: folder, name)
        } catch {
            if isNew {
                folder.remove(name.partName)
                folder.remove(name.journalName)
            }
            throw error
        }
    }
}

extension PartJournal {
    /// Nil where there is none, or a damaged one.
    init?(in folder: OpenFile, _ name: ByteString) {
        guard let file = try? OpenFile(below: folder, name, flags: O_RDWR | O_NONBLOCK) else { return nil }
        self.init(reading: file)
    }
}
