import Glibc
import SystemSupport

extension ReceiveFolder {
    /// Makes sure that files can be made in the folder, by making one: what the system would say of permissions is not all (read-only mounts, quotas of
    /// files, rules of security modules). It has no name where the file system can do that, and a passing one elsewhere.
    ///
    /// A full disk is no reason: a transfer waits for room.
    public func checkIsWritable() throws(SystemError) {
        let folder = try existing([])
        let unnamed = retrying { openat(folder.descriptor, ".", Self.temporary | O_WRONLY | O_CLOEXEC, 0o600) }
        if unnamed >= 0 {
            close(unnamed)
            return
        }
        // Not known to the file system, to the kernel, or to both.
        guard [EOPNOTSUPP, EISDIR, ENOENT, EINVAL].contains(errno) else { return try complain() }
        let name = ".chatty-\(UInt64.random(in: .min ... .max))"
        let named = retrying { openat(folder.descriptor, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600) }
        guard named >= 0 else { return try complain() }
        close(named)
        guard unlinkat(folder.descriptor, name, 0) == 0 else { throw SystemError("remove \(path)/\(name)") }
    }

    /// O_TMPFILE, whose macro Swift does not know.
    private static let temporary: Int32 = 0o20000000 | O_DIRECTORY

    private func complain() throws(SystemError) {
        let error = SystemError("make files in \(path)")
        if !error.isForWantOfRoom { throw error }
    }
}
