import TransferProtocol

/// The answer to the question about a folder, which is one for all that is in it, and for no more than the sender said there was. Held by
/// `FolderConsentTests`.
struct FolderConsent {
    enum Answer { case taken, declined, toBeAsked }

    /// With the slash behind it.
    private let prefix: ByteString
    private let isTaken: Bool
    /// What is left of it; nil where the sender said nothing of it.
    private var left: FolderContents?

    /// - Parameter folder: the offer that was answered.
    /// - Returns: nil where it is no folder, or one in another.
    init?(_ folder: FileOffer, isTaken: Bool) {
        let name = ByteString(folder.name)
        guard folder.kind == .directory, !name.bytes.contains(UInt8(ascii: "/")) else { return nil }
        prefix = name + "/"
        self.isTaken = isTaken
        left = folder.contents
    }

    /// What the answer says of an offer that comes later.
    mutating func answer(to offer: FileOffer) -> Answer {
        guard offer.name.utf8.starts(with: prefix.bytes) else { return .toBeAsked }
        guard isTaken else { return .declined }
        guard offer.kind == .file, let left else { return .taken }
        guard let size = offer.size, left.files > 0, size <= left.bytes else { return .toBeAsked }
        self.left = FolderContents(files: left.files - 1, bytes: left.bytes - size)
        return .taken
    }

    /// `the folder photos: 123 files, 1.2 GB`.
    static func description(of folder: FileOffer) -> String {
        let name = "the folder \(Printable.text(folder.name))"
        return folder.contents.map { "\(name): \(count($0.files)), \(TransferText.bytes($0.bytes))" } ?? "\(name) and all that is in it"
    }

    static func count(_ files: some BinaryInteger) -> String { "\(files) \(files == 1 ? "file" : "files")" }
}
