import TransferProtocol

/// A short name for what is sent, for the progress line and the summary.
enum SentName {
    /// The name of the only file or folder, else the number of files, not counting folders.
    static func of(_ offers: [FileOffer]) -> String {
        let roots = offers.filter { !$0.name.utf8.contains(UInt8(ascii: "/")) }
        let files = FolderConsent.count(offers.count { $0.kind == .file })
        guard roots.count == 1 else { return offers.count == 1 ? offers[0].name : files }
        return roots[0].kind == .directory ? "\(roots[0].name) (\(files))" : roots[0].name
    }
}
