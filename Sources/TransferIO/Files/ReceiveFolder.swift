import CLinux
import Glibc
import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// The folder that a receiver puts files into. Nothing a peer says can make a file outside of it.
public final class ReceiveFolder: Sendable {
    typealias Flush = @Sendable (OpenFile) throws(SystemError) -> Void

    /// Opened once: renaming or replacing the folder meanwhile does not move what is being received.
    private let descriptor: Int32
    /// For people.
    public let path: String
    /// Gets a file, or the names in a folder, onto the disk. A failure is final: the system tells it once, and calls what it could not
    /// write clean afterwards, so that trying again would succeed for nothing.
    let flush: Flush
    /// Held while folders are made, so that nobody goes on with one that is not on the disk yet.
    private let making = NIOLock()
    /// The folders below it that were made here, as the parts of their paths.
    private let made = NIOLockedValueBox<Set<[ByteString]>>([])

    /// - Parameter create: make the folder (one level) where it does not exist.
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
        // As it is shown before the name of a file.
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
        // One that may be written to and not read cannot be opened for that.
        guard clinux_sync_file_system(descriptor) == 0 else { throw SystemError("flush \(path)/.. to the disk") }
    }

    /// Opens the folder of `parts` below this one, making what is missing. A symbolic link on the way is refused.
    func open(_ parts: ArraySlice<ByteString>) throws(SystemError) -> OpenFile {
        var folder = try openSelf()
        for (index, part) in zip(parts.indices, parts) { folder = try step(part, from: folder, at: Array(parts[..<index])).folder }
        return folder
    }

    /// Opens the folder of that name in `folder`, making it where it is missing. What else has the name is the error `ENOTDIR`, or for a link
    /// `ELOOP`.
    /// - Parameter place: of `folder` below this one.
    func step(_ part: ByteString, from folder: OpenFile, at place: [ByteString]) throws(SystemError) -> (folder: OpenFile, isNew: Bool) {
        making.lock()
        defer { making.unlock() }
        let isNew = part.withCString { mkdirat(folder.descriptor, $0, 0o777) } == 0
        if isNew {
            made.withLockedValue { _ = $0.insert(place + [part]) }
            do throws(SystemError) { try flush(folder) } catch {
                // The next to come must not take it for safe.
                _ = part.withCString { unlinkat(folder.descriptor, $0, AT_REMOVEDIR) }
                throw error
            }
        } else if errno != EEXIST {
            throw SystemError("make the folder \(folder.label(of: part))")
        }
        return (try OpenFile(below: folder, part, flags: O_RDONLY | O_DIRECTORY), isNew)
    }

    /// Whether ``open(_:)`` has made it, and nobody else.
    func hasMade(_ parts: ArraySlice<ByteString>) -> Bool { made.withLockedValue { $0.contains(Array(parts)) } }

    /// Opens the folder of `parts` below this one if it is there.
    func existing(_ parts: ArraySlice<ByteString>) throws(SystemError) -> OpenFile {
        let folder = try openSelf()
        return parts.isEmpty ? folder : try OpenFile(below: folder, parts.joined(by: "/"), flags: O_RDONLY | O_DIRECTORY)
    }

    private func openSelf() throws(SystemError) -> OpenFile {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw SystemError("open the folder \(path)") }
        return OpenFile(taking: copy, label: path)
    }

    /// Bytes that may still be written to its file system by this process; nil where that cannot be told.
    func freeBytes() -> UInt64? {
        var figures = statvfs()
        guard fstatvfs(descriptor, &figures) == 0, figures.f_blocks > 0 else { return nil }
        return UInt64(figures.f_bavail) * UInt64(figures.f_frsize)
    }
}
