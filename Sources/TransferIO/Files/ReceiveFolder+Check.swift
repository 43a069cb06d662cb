import Glibc
import SystemSupport

extension ReceiveFolder {
    /// Checks that files can be created in the folder, by creating one: permissions alone do not tell (read-only mounts, inode quotas,
    /// security modules). The file has no name if the file system supports that (O_TMPFILE), else a temporary one.
    ///
    /// A full disk is no error: a transfer waits for room.
    public func checkIsWritable() throws(SystemError) {
        let folder = try existing([])
        let unnamed = retrying { openat(folder.descriptor, ".", Self.temporary | O_WRONLY | O_CLOEXEC, 0o600) }
        if unnamed >= 0 {
            close(unnamed)
            return
        }
        // The file system or the kernel does not support O_TMPFILE.
        guard [EOPNOTSUPP, EISDIR, ENOENT, EINVAL].contains(errno) else { return try complain() }
        let name = ".chatty-\(UInt64.random(in: .min ... .max))"
        let named = retrying { openat(folder.descriptor, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600) }
        guard named >= 0 else { return try complain() }
        close(named)
        guard unlinkat(folder.descriptor, name, 0) == 0 else { throw SystemError("remove \(path)/\(name)") }
    }

    /// O_TMPFILE, whose macro Swift does not import.
    private static let temporary: Int32 = 0o20000000 | O_DIRECTORY

    private func complain() throws(SystemError) {
        let error = SystemError("make files in \(path)")
        if !error.isForWantOfRoom { throw error }
    }
}
