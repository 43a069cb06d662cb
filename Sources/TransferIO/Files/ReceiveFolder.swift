import CLinux
import Glibc
import TransferProtocol

/// The folder that a receiver puts files into. Nothing a peer says can make a file outside of it.
public final class ReceiveFolder: Sendable {
    /// Opened once: renaming or replacing the folder meanwhile does not move what is being received.
    private let descriptor: Int32
    public let path: String

    /// - Parameter create: make the folder (one level) where it does not exist.
    public init(path: String, create: Bool = false) throws(SystemError) {
        if create, mkdir(path, 0o777) != 0, errno != EEXIST { throw SystemError("make the folder \(path)") }
        descriptor = retrying { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        if descriptor < 0 { throw SystemError("open the folder \(path)") }
        self.path = path
    }

    deinit { close(descriptor) }

    /// Opens the folder of `parts` below this one, making what is missing. A symbolic link on the way is refused.
    func open(_ parts: ArraySlice<String>) throws(SystemError) -> OpenFile {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw SystemError("open the folder \(path)") }
        var folder = OpenFile(taking: copy, label: path)
        for part in parts {
            if mkdirat(folder.descriptor, part, 0o777) != 0, errno != EEXIST {
                throw SystemError("make the folder \(folder.label)/\(part)")
            }
            folder = try OpenFile(below: folder, part, flags: O_RDONLY | O_DIRECTORY)
        }
        return folder
    }

    /// Bytes that may still be written to its file system by this process; nil where that cannot be told.
    func freeBytes() -> UInt64? {
        var figures = statvfs()
        guard fstatvfs(descriptor, &figures) == 0, figures.f_blocks > 0 else { return nil }
        return UInt64(figures.f_bavail) * UInt64(figures.f_frsize)
    }
}
