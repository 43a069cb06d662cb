import Crypto
import Glibc
import TransferProtocol

/// A regular file to send: read by offset, and watched for changes, since a mixture of two versions must never arrive.
///
/// The descriptor is open only while the file is being read, so that thousands may wait in one transfer.
public final class SourceFile: TransferSource, @unchecked Sendable {
    // `@unchecked`: `file` changes, but a transfer calls its sources from one thread at a time.

    /// What must not change between the offer and the last byte. Times in nanoseconds since 1970.
    private struct Identity {
        let device: dev_t
        let inode: ino_t
        let size: off_t
        let modified: Int64
        /// Of the status, which no program can set back as it can `modified`.
        let changed: Int64
        let links: UInt64

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
            size = status.st_size
            modified = FileTime.nanoseconds(status.st_mtim)
            changed = FileTime.nanoseconds(status.st_ctim)
            links = UInt64(status.st_nlink)
        }

        func isSame(as other: Identity) -> Bool {
            guard device == other.device, inode == other.inode, size == other.size, modified == other.modified else { return false }
            // A new link, or a file renamed over this one as editors do, changes the status and no byte of it.
            return changed == other.changed || links != other.links
        }
    }

    public let offer: FileOffer
    private let identity: Identity
    private let open: () throws(SystemError) -> OpenFile
    private var file: OpenFile?

    /// - Parameters:
    ///   - path: as the user named it; a link is followed.
    ///   - name: what the receiver is told; the last part of the path where nil.
    public convenience init(path: some SystemPath, name: String? = nil) throws {
        try self.init(name: name ?? Self.lastPart(of: path.pathBytes)) { () throws(SystemError) in
            try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK)
        }
    }

    /// - Parameter closeAtOnce: open it again when it is its turn, so that thousands of files may wait.
    init(name: String, closeAtOnce: Bool = false, open: @escaping () throws(SystemError) -> OpenFile) throws {
        let file = try open()
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw status.st_mode & S_IFMT == S_IFDIR ? SourceError.isFolder(file.label) : SourceError.notAFile(file.label)
        }
        // What the kernel makes up as it is read, as below /proc, says nothing of its size, and would arrive empty.
        if status.st_size == 0, try file.hasBytes { throw SourceError.withoutSize(file.label) }
        identity = Identity(status)
        self.open = open
        self.file = closeAtOnce ? nil : file
        offer = FileOffer(
            name: name, size: UInt64(status.st_size), mode: status.st_mode & 0o777, modified: identity.modified)
    }

    /// `movie.mp4` of `/home/yoda/movie.mp4`.
    /// - Throws: where it is not UTF-8, and so cannot be said to a receiver.
    public static func lastPart(of path: some SystemPath) throws(SourceError) -> String {
        guard let last = path.pathBytes.split(at: "/").last else { return "file" }
        guard let text = last.text else { throw .withoutName(path.pathBytes.description) }
        return text
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
        let count = try opened().read(into: buffer, at: offset)
        guard count == buffer.count || offset + UInt64(count) >= UInt64(identity.size) else { throw SourceError.changed(offer.name) }
        if offset + UInt64(count) >= UInt64(identity.size) {
            guard isUnchanged() else { throw SourceError.changed(offer.name) }
            file = nil
        }
        return count
    }

    public func matches(_ held: HeldRange) throws -> Bool {
        guard held.range.upperBound <= UInt64(identity.size) else { return false }
        return try opened().digest(of: held.range) == held.digest
    }

    public func isUnchanged() -> Bool {
        guard let file = try? file ?? open(), let status = try? file.status() else { return false }
        return Identity(status).isSame(as: identity)
    }

    private func opened() throws -> OpenFile {
        if let file { return file }
        let file = try open()
        guard Identity(try file.status()).isSame(as: identity) else { throw SourceError.changed(offer.name) }
        self.file = file
        return file
    }
}

/// Why something cannot be sent.
public enum SourceError: Error, Hashable, Sendable, CustomStringConvertible {
    case isFolder(String)
    /// A device or a socket.
    case notAFile(String)
    /// Its size is said to be 0, and it has bytes.
    case withoutSize(String)
    case changed(String)
    /// Its name is not UTF-8; the path as near as it can be shown.
    case withoutName(String)

    public var description: String {
        switch self {
        case .isFolder(let path): "\(path) is a folder"
        case .notAFile(let path): "\(path) is not a file"
        case .withoutSize(let path): "\(path) has no size of its own: send it through standard input (-)"
        case .changed(let name): "\(name) changed while it was being sent"
        case .withoutName(let path): "\(path) has a name that is not UTF-8"
        }
    }
}

extension OpenFile {
    fileprivate var hasBytes: Bool {
        get throws(SystemError) {
            var byte: UInt8 = 0
            let count = retrying { pread(descriptor, &byte, 1, 0) }
            guard count >= 0 else { throw SystemError("read \(label)") }
            return count > 0
        }
    }

    /// SHA-256 of a part of the file; of what there is of it where the file is shorter.
    func digest(of range: Range<UInt64>) throws(SystemError) -> [UInt8] {
        var hasher = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(min(UInt64(buffer.count), range.upperBound - offset))
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
            if count == 0 { break }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += UInt64(count)
        }
        return Array(hasher.finalize())
    }
}
