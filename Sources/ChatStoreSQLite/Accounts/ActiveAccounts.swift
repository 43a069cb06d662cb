import ChatProtocol
import ChatStore
import SystemSupport

/// The list of active accounts, for other processes: a file that the running server writes at most once a second. Without a server it means
/// nothing.
enum ActiveAccounts {
    private static func file(_ folder: DataFolder) -> String { folder.file("active") }

    static func write(_ accounts: [AccountID], _ folder: DataFolder) throws(UserFacingError) {
        let text = accounts.map { "\($0.rawValue)\n" }.joined()
        try SmallFile.write("The list of active accounts", file(folder), Array(text.utf8), isSynced: false)
    }

    static func read(_ folder: DataFolder) -> Set<AccountID> {
        guard DataFolderLock.holder(of: folder) != nil, let bytes = try? SmallFile.read("The list of active accounts", file(folder)) else {
            return []
        }
        let lines = String(decoding: bytes, as: UTF8.self).pieces(between: "\n")
        return Set(lines.compactMap { Int64($0) }.map(AccountID.init(rawValue:)))
    }
}
