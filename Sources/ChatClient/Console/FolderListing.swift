import ChatProtocol
import Foundation

/// The names in a folder, for completion.
enum FolderListing {
    /// The most names that are read; nobody reads a longer list.
    private static let limit = 10_000

    /// - Parameter folder: ends in `/`, or is empty for the current folder; `~` at its start is the home folder.
    /// - Returns: the names, those of folders with a `/` at the end; empty if the folder cannot be read.
    static func names(in folder: String) -> [String] {
        let path = folder.isEmpty ? "." : HomeFolder.expand(folder)
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(validating: $0.prefix { $0 != 0 }, as: UTF8.self) }
            // A name that is not UTF-8 cannot be typed, and a replacement text would name another file.
            guard let name, name != ".", name != ".." else { continue }
            var status = stat()
            let isFolder = stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            names.append(isFolder ? name + "/" : name)
        }
        return names
    }
}

/// Expansion of `~` at the start of a path, as in shells.
public enum HomeFolder {
    public static func expand(_ path: String) -> String {
        guard path == "~" || path.begins(with: "~/"), let rest = path.rest(behind: "~"),
            let home = ProcessInfo.processInfo.environment["HOME"], !home.isEmpty
        else { return path }
        return home + rest
    }
}
