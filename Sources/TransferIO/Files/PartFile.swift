import CLinux
import Glibc
import SystemSupport
import TransferProtocol

/// A part file with its journal, locked against other transfers. It is renamed or removed only while its name still belongs to the file
/// that is open here. Held by `DestinationFileTests`.
final class PartFile {
    let file: OpenFile
    let journal: PartJournal
    /// The ranges that an earlier transfer left in it, by its journal.
    let resumable: [Range<UInt64>]
    /// Whether it was empty: then bytes that are not written read as zeros.
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

    /// Renames it to its final name.
    /// - Returns: false if the name is taken and not to be overwritten.
    func move(to final: ByteString, overwriting: Bool, exclusively move: ExclusiveMove = .system) throws(DestinationError) -> Bool {
        // Another transfer or a person has replaced it: the name does not belong to the received data.
        guard isInPlace else { throw .replaced(file.label) }
        let code = overwriting ? overwrite(final) : move(in: folder.descriptor, from: name.partName, to: final)
        if code == 0 { return true }
        // A folder cannot be overwritten by a file.
        if code == (overwriting ? EISDIR : EEXIST) { return false }
        throw .cannotWrite(SystemError("rename \(name.partName) to \(final)", code: code))
    }

    private func overwrite(_ final: ByteString) -> Int32 {
        let isMoved = name.partName.withCString { part in
            final.withCString { renameat(folder.descriptor, part, folder.descriptor, $0) } == 0
        }
        return isMoved ? 0 : errno
    }

    /// Removes the part file and its journal.
    func remove() {
        guard isInPlace else { return }
        folder.remove(name.journalName)
        folder.remove(name.partName)
    }

    private var isInPlace: Bool { folder.status(of: name.partName).map { file.isSameFile(as: $0) } ?? false }
}

extension PartFile {
    /// The highest number of a name: `movie (1).mp4`, `movie (2).mp4` …
    static let maximumNumber = 9999

    /// Finds the part file that an earlier transfer of the same file left, or creates one.
    /// - Parameter names: names of the file; each further one is for file systems that refuse those before it.
    /// - Returns: the part file, and which of the names it has.
    static func find(_ folder: OpenFile, _ names: [SafeName], _ offer: FileOffer, _ senderKey: [UInt8]) throws(DestinationError) -> (
        part: PartFile, name: SafeName
    ) {
        var refusal = SystemError("make \(folder.label(of: names[0].partName))", code: EINVAL)
        for name in names where folder.preservesTrailingDots(of: name.last) {
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

    /// Opens or creates the part file of one name; nil if the name belongs to something else.
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
            // A link, a folder, another user's file, or a file removed just now: try the next number.
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
            // A crash between the creation of the two leaves an empty part file without a journal.
            guard isOurs || (old == nil && status.st_size == 0) else { return nil }
            guard ftruncate(part.descriptor, 0) == 0 else { throw SystemError("empty \(part.label)") }
        }
        do throws(SystemError) {
            // Any file with the journal's name belongs to no part file: the name is this one's.
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
    /// Opens the journal `name`; nil if there is none, or a damaged one.
    init?(in folder: OpenFile, _ name: ByteString) {
        guard let file = try? OpenFile(below: folder, name, flags: O_RDWR | O_NONBLOCK) else { return nil }
        self.init(reading: file)
    }
}
