import Glibc
import TransferProtocol

/// A file that an earlier transfer placed and that its sender offers again. It is found by the journal of its part file, which stays until
/// the sender knows of the file, or else by its ``ReceivedStamp``. Like a part file, it is offered as hashes, which the sender compares.
final class FinishedFile {
    let file: OpenFile
    /// The name that the file has.
    let name: SafeName
    let journalName: ByteString
    let identity: PartJournal.Identity
    private let folder: OpenFile

    private init(_ file: OpenFile, _ name: SafeName, _ journalName: ByteString, _ identity: PartJournal.Identity, in folder: OpenFile) {
        self.file = file
        self.name = name
        self.journalName = journalName
        self.identity = identity
        self.folder = folder
    }

    /// Finds the file and claims its name; nil if there is none of this sender, size and time.
    static func find(_ folder: OpenFile, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8], claimingIn names: PlacedNames)
        -> FinishedFile?
    {
        guard offer.size != nil else { return nil }
        return findByJournal(folder, name, offer, senderKey, claimingIn: names)
            ?? findByStamp(folder, name, offer, senderKey, claimingIn: names)
    }

    private static func findByStamp(
        _ folder: OpenFile, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8], claimingIn names: PlacedNames
    ) -> FinishedFile? {
        for number in 0...PartFile.maximumNumber {
            let candidate = name.numbered(number)
            guard let named = folder.status(of: candidate.last) else { return nil }
            guard named.st_mode & S_IFMT == S_IFREG,
                let file = try? OpenFile(below: folder, candidate.last, flags: O_RDONLY | O_NONBLOCK), file.isSameFile(as: named),
                ReceivedStamp.isThat(of: file, offer, senderKey), names.claim(candidate, of: FileIdentity(named))
            else { continue }
            let identity = PartJournal.Identity(
                size: offer.size, modified: offer.modified, senderKey: senderKey, partInode: UInt64(named.st_ino))
            return FinishedFile(file, candidate, candidate.journalName, identity, in: folder)
        }
        return nil
    }

    private static func findByJournal(
        _ folder: OpenFile, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8], claimingIn names: PlacedNames
    ) -> FinishedFile? {
        for number in 0...PartFile.maximumNumber {
            let journalName = name.numbered(number).journalName
            guard let journal = PartJournal(in: folder, journalName) else { return nil }
            let identity = journal.identity
            guard identity.size == offer.size, identity.modified == offer.modified, identity.senderKey == senderKey else { continue }
            guard let found = find(folder, name, journalName, identity), let status = try? found.file.status() else { continue }
            if names.claim(found.name, of: FileIdentity(status)) { return found }
        }
        return nil
    }

    /// Finds the file by the part file's inode, under one of the names that it can have.
    private static func find(_ folder: OpenFile, _ name: SafeName, _ journalName: ByteString, _ identity: PartJournal.Identity)
        -> FinishedFile?
    {
        for number in 0...PartFile.maximumNumber {
            let candidate = name.numbered(number)
            guard let named = folder.status(of: candidate.last) else { return nil }
            guard UInt64(named.st_ino) == identity.partInode, named.st_mode & S_IFMT == S_IFREG, UInt64(named.st_size) == identity.size,
                let file = try? OpenFile(below: folder, candidate.last, flags: O_RDONLY | O_NONBLOCK), file.isSameFile(as: named)
            else { continue }
            return FinishedFile(file, candidate, journalName, identity, in: folder)
        }
        return nil
    }

    /// Releases the claimed name for another file of the transfer.
    func release(in names: PlacedNames) {
        if let status = try? file.status() { names.release(name, of: FileIdentity(status)) }
    }

    /// Whether the file still has the name and the size.
    var isInPlace: Bool {
        folder.status(of: name.last).map { file.isSameFile(as: $0) && UInt64($0.st_size) == identity.size } ?? false
    }
}

/// The journal of a placed file that its sender may not know of. It is removed once the sender does.
public struct FinishedRecord: Sendable {
    let receiveFolder: ReceiveFolder
    /// The folders of the file below `receiveFolder`.
    let folders: ArraySlice<ByteString>
    let journalName: ByteString
    let identity: PartJournal.Identity

    /// Removes the journal; does nothing if another transfer uses its name.
    public func remove() {
        guard let folder = try? receiveFolder.existing(folders), PartJournal(in: folder, journalName)?.identity == identity else { return }
        folder.remove(journalName)
    }
}
