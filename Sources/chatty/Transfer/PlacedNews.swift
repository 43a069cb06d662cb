import TransferProtocol

/// What a receiver calls the files that it was sent, where that is not as they were offered.
struct PlacedNews {
    /// By the name that was offered.
    private var folders: [ByteString: ByteString] = [:]
    private var paths: [FileID: String] = [:]

    /// - Returns: the line for people; nil where it follows from what was said of the folder that the file is in.
    mutating func take(_ file: FileID, _ offer: FileOffer, path: String) -> String? {
        paths[file] = path
        let (offered, placed) = (ByteString(offer.name), ByteString(path))
        let (folder, name) = offered.splitAtLast("/")
        let expected = folder.flatMap { folders[$0] }.map { $0 + "/" + name }
        if offer.kind == .directory { folders[offered] = placed }
        if placed == expected ?? offered { return nil }
        return "The receiver calls \(Printable.text(offer.name)) \(Printable.text(path))."
    }

    /// The path of a file that is done, where it is news.
    mutating func path(of file: FileID) -> String? { paths.removeValue(forKey: file) }
}
