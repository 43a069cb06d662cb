import Glibc
import TransferProtocol

/// A file that an earlier transfer put in its place, and that its sender sends again. It is found by the journal that its part had, which
/// stays until the sender knows of the file, or else by its ``ReceivedStamp``, and answered for like a part: with hashes, which the sender
/// compares.
final class FinishedFile {
    let file: OpenFile
    /// Its own name.
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

    /// Nil where there is none of this sender, size and time. Claims the name of the one it finds.
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

    /// The file is the one that the part was, under one of the names it can have got.
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

    /// Its name may be another file's of the transfer.
    func release(in names: PlacedNames) {
        if let status = try? file.status() { names.release(name, of: FileIdentity(status)) }
    }

    /// Whether it still has the name, and the size.
    var isInPlace: Bool {
        folder.status(of: name.last).map { file.isSameFile(as: $0) && UInt64($0.st_size) == identity.size } ?? false
    }
}

/// Where it is remembered of a file in its place that its sender may not know of it. Removed when it does.
public struct FinishedRecord: Sendable {
    let receiveFolder: ReceiveFolder
    /// Of the file, below that folder.
    let folders: ArraySlice<ByteString>
    let journalName: ByteString
    let identity: PartJournal.Identity

    /// Does nothing where another transfer has the journal's name by now.
    public func remove() {
        guard let folder = try? receiveFolder.existing(folders), PartJournal(in: folder, journalName)?.identity == identity else { return }
        folder.remove(journalName)
    }
}
