@preconcurrency import CReadline
import Foundation

/// The lines typed before: in readline's history, and in a file for each server and account, readable by its owner only.
struct InputHistory {
    static let limit: Int32 = 2000
    private let path: String

    /// Fills readline's history from the file, which need not exist.
    init(path: String) {
        self.path = path
        clear_history()
        stifle_history(InputHistory.limit)
        let folder = (path as NSString).deletingLastPathComponent
        // If the folder cannot be created, the history lasts as long as the program.
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        if history_truncate_file(path, InputHistory.limit) == 0 { read_history(path) }
        using_history()
    }

    /// Adds a line, unless it equals the last one or is blank.
    func add(_ line: String) {
        guard !line.unicodeScalars.allSatisfy(\.properties.isWhitespace) else { return }
        if let last = history_get(history_base + history_length - 1)?.pointee.line, String(cString: last) == line { return }
        add_history(line)
        guard !line.contains(where: \.isNewline) else { return }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let bytes = Array((line + "\n").utf8)
        _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }
}
