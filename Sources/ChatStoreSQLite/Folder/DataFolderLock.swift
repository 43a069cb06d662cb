import Glibc
import SystemSupport

/// The lock of a data folder, held by one server at a time. It is released by ``release()`` or by the end of the process.
///
/// It is an open file description lock (fcntl(2), `F_OFD_SETLK`) on a file that stays. It never goes stale, and others can query it without
/// locking. The pid in the file is for messages only.
public final class DataFolderLock: Sendable {
    private let descriptor: Int32

    /// - Throws: an error that names the pid of the server that holds the lock.
    public init(_ folder: DataFolder) throws(UserFacingError) {
        descriptor = open(folder.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw folder.failure(errno) }
        var lock = DataFolderLock.whole(F_WRLCK)
        guard fcntl(descriptor, DataFolderLock.set, &lock) == 0 else {
            let code = errno
            let holder = DataFolderLock.pid(in: descriptor)
            guard code == EAGAIN || code == EACCES else { throw folder.failure(code) }
            let who = holder.map { "the server with pid \($0)" } ?? "another server"
            throw UserFacingError(
                "The data folder \(folder.path) is in use by \(who). Stop that server, or choose another folder with --data.")
        }
        let pid = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, pid, pid.count, 0) == pid.count else {
            throw folder.failure(errno)
        }
    }

    public func release() {
        var lock = DataFolderLock.whole(F_UNLCK)
        _ = fcntl(descriptor, DataFolderLock.set, &lock)
    }

    /// Runs even if `init` throws, because all properties are set by then. Closing there as well could close a reused descriptor.
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The pid of the server that runs on the folder; nil without one.
    public static func holder(of folder: DataFolder) -> Int32? {
        let descriptor = open(folder.lockFile, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var lock = whole(F_WRLCK)
        guard fcntl(descriptor, DataFolderLock.get, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return nil }
        return pid(in: descriptor)
    }

    // `F_OFD_GETLK` and `F_OFD_SETLK` of <linux/fcntl.h>, which the importer does not see.
    private static let get: Int32 = 36
    private static let set: Int32 = 37

    private static func whole(_ type: Int32) -> flock {
        flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }

    private static func pid(in descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        return Int32(String(decoding: buffer.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self))
    }
}
