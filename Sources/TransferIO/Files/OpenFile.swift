import CLinux
import Glibc
import SystemSupport
import TransferProtocol

/// A file descriptor that closes itself, with the calls that a transfer needs. Errors name `label`.
final class OpenFile {
    let descriptor: Int32
    /// The name of the file in messages to the user.
    let label: String

    init(taking descriptor: Int32, label: String) {
        self.descriptor = descriptor
        self.label = label
    }

    /// Opens a path that the user gave: symbolic links are followed.
    init(path: some SystemPath, flags: Int32, mode: mode_t = 0) throws(SystemError) {
        descriptor = path.pathBytes.withCString { path in retrying { open(path, flags | O_CLOEXEC, mode) } }
        label = path.pathBytes.description
        if descriptor < 0 { throw SystemError("open \(label)") }
    }

    /// Opens a relative path that a peer gave: without symbolic links, and only below `folder`.
    init(below folder: OpenFile, _ path: ByteString, flags: Int32, mode: mode_t = 0) throws(SystemError) {
        descriptor = path.withCString { path in retrying { clinux_open_beneath(folder.descriptor, path, flags, mode) } }
        label = folder.label(of: path)
        if descriptor < 0 { throw SystemError("open \(label)") }
    }

    deinit { close(descriptor) }

    func status() throws(SystemError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("look at \(label)") }
        return status
    }

    /// Reads until `buffer` is full or the file ends.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = retrying { pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done)) }
            if count < 0 { throw SystemError("read \(label)") }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all of `bytes`; on an error some of them may have been written.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = retrying { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done)) }
            if count < 0 { throw SystemError("write \(label)") }
            done += count
        }
    }

    /// Copies bytes to the same place in another file.
    func copy(_ range: Range<UInt64>, to other: OpenFile) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(min(UInt64(buffer.count), range.upperBound - offset))
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
            // The file was cut after it was hashed.
            if count == 0 { throw SystemError("read \(label)", code: EIO) }
            try other.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: offset)
            offset += UInt64(count)
        }
    }

    func sync() throws(SystemError) {
        guard retrying({ fsync(descriptor) }) == 0 else {
            // Some file systems cannot sync a folder, and report EINVAL.
            if errno == EINVAL { return }
            throw SystemError("flush \(label) to the disk")
        }
    }

    /// Acquires the lock that marks the file as in use; false if another process or transfer has it.
    func tryLock() -> Bool { retrying { flock(descriptor, LOCK_EX | LOCK_NB) } == 0 }

    /// Releases the lock while the file stays open.
    func unlock() { flock(descriptor, LOCK_UN) }

    /// The name of an entry of this folder in messages to the user.
    func label(of name: ByteString) -> String { label == "." ? name.description : "\(label)/\(name)" }

    /// The status of an entry of this folder, without following a symbolic link; nil if there is none.
    func status(of name: ByteString) -> stat? {
        var status = stat()
        return name.withCString { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
    }

    /// Removes a file from this folder; does nothing if there is none.
    func remove(_ name: ByteString) { _ = name.withCString { unlinkat(descriptor, $0, 0) } }

    /// Whether the file system keeps the dots at the end of a name in this folder; some ignore them, which makes it another name, and some
    /// refuse it. True for a name without such dots.
    func preservesTrailingDots(of name: ByteString) -> Bool {
        guard name.ends(with: ".") else { return true }
        let probe = ByteString(".chatty-\(UInt64.random(in: .min ... .max))")
        let file: OpenFile
        do throws(SystemError) {
            file = try OpenFile(below: self, probe + ".", flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        } catch {
            return !error.isRefusedName
        }
        defer { remove(probe + ".") }
        return status(of: probe).map { !file.isSameFile(as: $0) } ?? true
    }

    /// Whether this file and the one of the status `other` are the same.
    func isSameFile(as other: stat) -> Bool {
        guard let own = try? status() else { return false }
        return FileIdentity(own) == FileIdentity(other)
    }
}

/// The identity of a file, whatever its name.
struct FileIdentity: Hashable, Sendable {
    let device: dev_t
    let inode: ino_t

    init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }
}
