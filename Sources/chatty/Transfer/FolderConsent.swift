import TransferProtocol

/// The answer to the question about a folder. It covers everything in the folder, but no more than the sender announced. Held by
/// `FolderConsentTests`.
struct FolderConsent {
    enum Answer { case taken, declined, toBeAsked }

    /// The name of the folder with a slash at its end.
    private let prefix: ByteString
    private let isTaken: Bool
    /// The announced contents that have not been offered yet; nil if the sender announced none.
    private var left: FolderContents?

    /// - Parameter folder: the offer that was answered.
    /// - Returns: nil if the offer is no folder, or one within another folder.
    init?(_ folder: FileOffer, isTaken: Bool) {
        let name = ByteString(folder.name)
        guard folder.kind == .directory, !name.bytes.contains(UInt8(ascii: "/")) else { return nil }
        prefix = name + "/"
        self.isTaken = isTaken
        left = folder.contents
    }

    /// Applies the answer to a later offer.
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
