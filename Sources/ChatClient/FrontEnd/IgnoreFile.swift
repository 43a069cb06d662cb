import ChatProtocol
import Foundation

/// The file of the users whom an account ignores on a server: one name on each line, readable by its owner only.
struct IgnoreFile {
    /// The path of the file; nil if there is no folder for it.
    let path: String?

    func load() -> [String] {
        guard let path, let data = FileManager.default.contents(atPath: path) else { return [] }
        return String(decoding: data, as: UTF8.self).pieces(between: "\n").map { $0.rest(before: "\r") ?? $0 }.filter { !$0.isEmpty }
    }

    /// Replaces the file as a whole, or removes it if there are no names.
    /// - Returns: an error message, or nil; after an error the list lasts as long as the program.
    func save(_ names: [String]) -> String? {
        guard let path else { return "The list of ignored users cannot be stored: set $HOME." }
        let url = URL(fileURLWithPath: path)
        do {
            guard !names.isEmpty else {
                try FileManager.default.removeItem(at: url)
                return nil
            }
            let folder = url.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(names.map { $0 + "\n" }.joined().utf8).write(to: url, options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            return nil
        } catch {
            return "Cannot write \(path): the list of ignored users is lost when you leave."
        }
    }
}
