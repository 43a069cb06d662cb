import CLinux
import Glibc
import SystemSupport
import TransferProtocol

/// Renames a file within its folder without replacing another: by renameat2 with RENAME_NOREPLACE, by a link if the file system lacks that,
/// and if it has no links either by creating an empty file of that name, which the rename then replaces. Held by `ExclusiveMoveTests`.
struct ExclusiveMove: Sendable {
    /// Takes two names in a folder, or paths if the folder is `AT_FDCWD`; returns 0 or an errno.
    typealias Call = @Sendable (_ folder: Int32, _ from: ByteString, _ to: ByteString) -> Int32

    let rename: Call
    let link: Call

    static let system = ExclusiveMove(
        rename: { folder, from, to in
            from.withCString { from in to.withCString { clinux_rename_exclusive(folder, from, $0) == 0 ? 0 : errno } }
        },
        link: { folder, from, to in
            from.withCString { from in to.withCString { linkat(folder, from, folder, $0, 0) == 0 ? 0 : errno } }
        })

    /// - Returns: 0, `EEXIST` if the name is taken, or another errno.
    func callAsFunction(in folder: Int32, from: ByteString, to: ByteString) -> Int32 {
        let code = atomically(in: folder, from: from, to: to)
        return code == ENOTSUP ? replace(in: folder, from: from, to: to) : code
    }

    /// - Returns: like ``callAsFunction(in:from:to:)``, but `ENOTSUP` if only an empty file would help, which others could see.
    func atomically(in folder: Int32, from: ByteString, to: ByteString) -> Int32 {
        switch rename(folder, from, to) {
        case EINVAL, ENOSYS, EOPNOTSUPP: break
        case let code: return code
        }
        switch link(folder, from, to) {
        case 0: return from.withCString { unlinkat(folder, $0, 0) } == 0 ? 0 : errno
        // Also the error for a link to another user's file, which is never moved here.
        case EPERM, ENOSYS, EOPNOTSUPP, EINVAL, EMLINK: return ENOTSUP
        case let code: return code
        }
    }

    private func replace(in folder: Int32, from: ByteString, to: ByteString) -> Int32 {
        let descriptor = to.withCString { to in retrying { openat(folder, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        }
        if descriptor < 0 { return errno }
        let placeholder = OpenFile(taking: descriptor, label: to.description)
        if from.withCString({ from in to.withCString { renameat(folder, from, folder, $0) } }) == 0 { return 0 }
        let code = errno
        var named = stat()
        if to.withCString({ fstatat(folder, $0, &named, AT_SYMLINK_NOFOLLOW) }) == 0, placeholder.isSameFile(as: named) {
            _ = to.withCString { unlinkat(folder, $0, 0) }
        }
        return code
    }
}
