import Crypto
import Glibc
import SystemSupport
import TransferProtocol

/// A regular file to send: read by offset, and watched for changes, since a mixture of two versions must never arrive.
///
/// The descriptor is open only while the file is being read, so that thousands of files may wait in one transfer.
public final class SourceFile: TransferSource, @unchecked Sendable {
    // `@unchecked`: a transfer calls its sources from one thread at a time.

    /// The attributes that must not change between the offer and the last byte.
    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
        let size: off_t
        /// The modification time, nanoseconds since 1970.
        let modified: Int64

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
            size = status.st_size
            modified = FileTime.nanoseconds(status.st_mtim)
        }
    }

    /// The state of the file when its first byte is read. Earlier changes of the status alone do not matter.
    private struct Beginning {
        /// The time of the last status change, nanoseconds since 1970; unlike `modified`, no program can set it back.
        let changed: Int64
        let links: UInt64

        init(_ status: stat) {
            changed = FileTime.nanoseconds(status.st_ctim)
            links = UInt64(status.st_nlink)
        }
    }

    public let offer: FileOffer
    private let identity: Identity
    private let open: () throws(SystemError) -> OpenFile
    private var file: OpenFile?
    private var beginning: Beginning?
    /// The watch since the beginning, while the file is open.
    private var watch: WriteWatch?
    /// The file was read to its end, unchanged until then: later changes do not matter.
    private var isRead = false

    /// - Parameters:
    /// - path: the path that the user gave; a symbolic link is followed.
    /// - name: the offered name; nil for that of the path.
    /// - closeAtOnce: close the file until it is read, so that thousands of files may wait.
    public convenience init(path: some SystemPath, name: String? = nil, closeAtOnce: Bool = false) throws {
        try self.init(name: try name ?? SourceName.of(path), closeAtOnce: closeAtOnce) { () throws(SystemError) in
            try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK)
        }
    }

    init(name: String, closeAtOnce: Bool = false, open: @escaping () throws(SystemError) -> OpenFile) throws {
        let file = try open()
        let status = try file.status()
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw status.st_mode & S_IFMT == S_IFDIR ? SourceError.isFolder(file.label) : SourceError.notAFile(file.label)
        }
        // Files that the kernel generates on reading, as below /proc, report a size of 0, and would arrive empty.
        if status.st_size == 0, try file.hasBytes { throw SourceError.withoutSize(file.label) }
        identity = Identity(status)
        self.open = open
        self.file = closeAtOnce ? nil : file
        offer = FileOffer(
            name: name, size: UInt64(status.st_size), mode: status.st_mode & 0o777, modified: identity.modified)
    }

    /// The default name for a path, see ``SourceName``.
    public static func name(of path: some SystemPath) throws -> String { try SourceName.of(path) }

    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
        let count = try begun().read(into: buffer, at: offset)
        guard count == buffer.count || offset + UInt64(count) >= UInt64(identity.size) else { throw SourceError.changed(offer.name) }
        if offset + UInt64(count) >= UInt64(identity.size) {
            guard isUnchanged() else { throw SourceError.changed(offer.name) }
            // Ranges are read in order, so none is left.
            isRead = true
            close()
        }
        return count
    }

    public func matches(_ held: HeldRange) throws -> Bool {
        guard held.range.upperBound <= UInt64(identity.size) else { return false }
        let wasOpen = file != nil
        // Many files of a transfer may be compared before the first is read.
        defer { if !wasOpen { close() } }
        return try begun().digest(of: held.range) == held.digest
    }

    public func isUnchanged() -> Bool {
        if isRead { return true }
        guard let file = try? file ?? open(), let status = try? file.status() else { return false }
        return isSame(status)
    }

    /// Whether the file is unchanged by its status. A change of `ctime` alone counts as a write unless the watch shows that there was none,
    /// because a writer may set `mtime` back. Without a watch, a new link, or a file renamed over this one as editors do, is recognised by
    /// the link count.
    private func isSame(_ status: stat) -> Bool {
        guard Identity(status) == identity else { return false }
        guard let beginning else { return true }
        let current = Beginning(status)
        if current.changed == beginning.changed { return true }
        if let watch { return !watch.hasSeenWrite }
        return current.links != beginning.links
    }

    /// The open file, watched from now on.
    private func begun() throws -> OpenFile {
        isRead = false
        if let file, beginning != nil { return file }
        let file = try file ?? open()
        // The watch precedes the status, so that no write is missed in between.
        let watch = beginning == nil ? WriteWatch(file.descriptor) : nil
        let status = try file.status()
        guard isSame(status) else { throw SourceError.changed(offer.name) }
        beginning = beginning ?? Beginning(status)
        self.watch = watch
        self.file = file
        return file
    }

    private func close() {
        file = nil
        watch = nil
    }
}

/// Why something cannot be sent.
public enum SourceError: Error, Hashable, Sendable, CustomStringConvertible {
    case isFolder(String)
    /// A device or a socket.
    case notAFile(String)
    /// The reported size is 0, and yet there are bytes.
    case withoutSize(String)
    case changed(String)
    /// The path has no name that can be offered.
    case nameless(String)
    /// The name is not UTF-8; the path with replacement characters.
    case withoutName(String)

    public var description: String {
        switch self {
        case .isFolder(let path): "\(path) is a folder"
        case .notAFile(let path): "\(path) is not a file"
        case .withoutSize(let path): "\(path) has no size: send it through standard input (-)"
        case .changed(let name): "\(name) changed while it was being sent"
        case .nameless(let path): "\(path) has no name that can be sent: give it one with --name"
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

    /// SHA-256 of a range of the file, or of the part of it that exists if the file is shorter.
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
