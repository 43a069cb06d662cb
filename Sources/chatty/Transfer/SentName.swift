import TransferProtocol

/// What is sent, in a word or two, for the line of progress and the summary.
enum SentName {
    /// The name of the one file or folder, else how many files there are, folders not counted.
    static func of(_ offers: [FileOffer]) -> String {
        let roots = offers.filter { !$0.name.utf8.contains(UInt8(ascii: "/")) }
        let files = FolderConsent.count(offers.count { $0.kind == .file })
        guard roots.count == 1 else { return offers.count == 1 ? offers[0].name : files }
        return roots[0].kind == .directory ? "\(roots[0].name) (\(files))" : roots[0].name
    }
}
