import CLinux
import ChatClient
import Glibc
import SystemSupport
import TransferProtocol

/// Converts a path to text for libraries that accept only that: the path itself if it is UTF-8, else one that leads to the file through a
/// descriptor, which stays open as long as the program runs. A path for which neither is possible is refused, so that no other file is ever
/// used.
struct TextPath {
    /// The subcommand of the option or variable, named in errors.
    let command: String

    /// - Parameter make: whether to create the folder, accessible to its owner only, and missing ones above it.
    func folder(_ path: ByteString, make: Bool = false) throws(UsageError) -> String {
        if let text = path.text { return text }
        if make { try makeFolders(path) }
        return try link(to: path) { clinux_open_place($0, O_DIRECTORY) }
    }

    enum Use {
        /// The file is read once; it may be a pipe.
        case read
        /// The file is opened by its name each time; by then, the name may be that of another file.
        case readAgain
        case append
    }

    func file(_ path: ByteString, for use: Use) throws(UsageError) -> String {
        if let text = path.text { return text }
        let (folder, name) = path.splitAtLast("/")
        if let folder, let text = name.text, !text.isEmpty { return try self.folder(folder) + "/" + text }
        switch use {
        case .read: return try link(to: path) { clinux_open_place($0, 0) }
        case .append: return try link(to: path) { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
        case .readAgain:
            throw UsageError(
                "\(shown(path)) cannot be used: its name must be UTF-8.", command: command)
        }
    }

    private func link(to path: ByteString, _ open: (UnsafePointer<CChar>) -> Int32) throws(UsageError) -> String {
        let descriptor = path.withCString(open)
        guard descriptor >= 0 else { throw failure(path) }
        return "/proc/self/fd/\(descriptor)"
    }

    private func makeFolders(_ path: ByteString) throws(UsageError) {
        let ends = path.bytes.indices.dropFirst().filter { path.bytes[$0] == UInt8(ascii: "/") }
        for end in ends { try make(ByteString(path.bytes[..<end]), 0o755) }
        try make(path, 0o700)
    }

    private func make(_ path: ByteString, _ mode: mode_t) throws(UsageError) {
        guard path.withCString({ mkdir($0, mode) }) == 0 || errno == EEXIST else { throw failure(path) }
    }

    private func failure(_ path: ByteString) -> UsageError {
        let reason = SystemError.text()
        return UsageError("\(shown(path)) cannot be opened: \(reason).", command: command)
    }

    private func shown(_ path: ByteString) -> String { Printable.text(path.description) }
}
