import CLinux
import Glibc
import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// The folder that a receiver stores files in. No name that a peer sends leads out of it.
public final class ReceiveFolder: Sendable {
    typealias Flush = @Sendable (OpenFile) throws(SystemError) -> Void

    /// Opened once, so that renaming or replacing the folder does not move a transfer in progress.
    private let descriptor: Int32
    /// The path, for display.
    public let path: String
    /// Syncs a file, or the entries of a folder, to the disk. A failure is final: the kernel reports it once and marks the lost pages as
    /// clean, so that a second attempt would succeed wrongly.
    let flush: Flush
    /// Held while folders are created, so that nobody uses one that is not synced yet.
    private let making = NIOLock()
    /// The folders below this one that were created here, as the parts of their paths.
    private let made = NIOLockedValueBox<Set<[ByteString]>>([])

    /// - Parameter create: whether to create the folder (one level) if it does not exist.
    public convenience init(path: some SystemPath, create: Bool = false) throws(SystemError) {
        try self.init(path: path, create: create) { (file) throws(SystemError) in try file.sync() }
    }

    init(path: some SystemPath, create: Bool = false, flush: @escaping Flush) throws(SystemError) {
        let path = path.pathBytes
        var isNew = false
        if create {
            isNew = path.withCString { mkdir($0, 0o777) } == 0
            if !isNew, errno != EEXIST { throw SystemError("make the folder \(path)") }
        }
        descriptor = path.withCString { path in retrying { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) } }
        let code = errno
        // The path as it is shown before the name of a file.
        let named = path.bytes.prefix((path.bytes.lastIndex { $0 != UInt8(ascii: "/") } ?? 0) + 1)
        self.path = ByteString(named).description
        self.flush = flush
        if descriptor < 0 { throw SystemError("open the folder \(path)", code: code) }
        if isNew { try flushParent() }
    }

    deinit { close(descriptor) }

    private func flushParent() throws(SystemError) {
        let parent = retrying { openat(descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        if parent >= 0 { return try flush(OpenFile(taking: parent, label: "\(path)/..")) }
        // A parent that is writable and not readable cannot be opened for a sync.
        guard clinux_sync_file_system(descriptor) == 0 else { throw SystemError("flush \(path)/.. to the disk") }
    }

    /// Opens the folder `parts` below this one, and creates missing ones. A symbolic link on the path is refused.
    func open(_ parts: ArraySlice<ByteString>) throws(SystemError) -> OpenFile {
        var folder = try openSelf()
        for (index, part) in zip(parts.indices, parts) { folder = try step(part, from: folder, at: Array(parts[..<index])).folder }
        return folder
    }

    /// Opens the folder `part` in `folder`, or creates it. Throws `ENOTDIR` if something else has the name, for a link `ELOOP`.
    /// - Parameter place: the path of `folder` below this one.
    func step(_ part: ByteString, from folder: OpenFile, at place: [ByteString]) throws(SystemError) -> (folder: OpenFile, isNew: Bool) {
        making.lock()
        defer { making.unlock() }
        let isNew = part.withCString { mkdirat(folder.descriptor, $0, 0o777) } == 0
        if isNew {
            made.withLockedValue { _ = $0.insert(place + [part]) }
            do throws(SystemError) { try flush(folder) } catch {
                // The next caller must not take it for synced.
                _ = part.withCString { unlinkat(folder.descriptor, $0, AT_REMOVEDIR) }
                throw error
            }
        } else if errno != EEXIST {
            throw SystemError("make the folder \(folder.label(of: part))")
        }
        return (try OpenFile(below: folder, part, flags: O_RDONLY | O_DIRECTORY), isNew)
    }

    /// Whether ``open(_:)`` or ``step(_:from:at:)`` has created the folder.
    func hasMade(_ parts: ArraySlice<ByteString>) -> Bool { made.withLockedValue { $0.contains(Array(parts)) } }

    /// Opens the folder `parts` below this one; throws if it does not exist.
    func existing(_ parts: ArraySlice<ByteString>) throws(SystemError) -> OpenFile {
        let folder = try openSelf()
        return parts.isEmpty ? folder : try OpenFile(below: folder, parts.joined(by: "/"), flags: O_RDONLY | O_DIRECTORY)
    }

    private func openSelf() throws(SystemError) -> OpenFile {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw SystemError("open the folder \(path)") }
        return OpenFile(taking: copy, label: path)
    }

    /// Bytes that this process may still write to the file system; nil if unknown.
    func freeBytes() -> UInt64? {
        var figures = statvfs()
        guard fstatvfs(descriptor, &figures) == 0, figures.f_blocks > 0 else { return nil }
        return UInt64(figures.f_bavail) * UInt64(figures.f_frsize)
    }
}
