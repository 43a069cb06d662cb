import CLinux
import Glibc
import SystemSupport
import TransferProtocol

/// A folder to send: itself and everything below it, one source each, every folder before its contents.
public enum SourceFolder {
    public struct Listing {
        public var sources: [any TransferSource] = []
        /// Links, devices and sockets, which are not sent; paths in the user's form.
        public var skipped: [String] = []
        /// Entries that are not sent because their names are not UTF-8; with replacement characters.
        public var withoutName: [String] = []
        /// Files that are not sent because their size is unknown.
        public var withoutSize: [String] = []
        /// Entries that are not sent because they cannot be read, have vanished, or have a name that is too long for a receiver.
        public var failures: [Failure] = []
    }

    /// The error that keeps an entry of a folder from being sent.
    public struct Failure: Hashable, Sendable {
        public let path: String
        public let error: SystemError
    }

    /// Depth of folders within folders; a greater depth than a receiver accepts is refused here.
    static let maximumDepth = SafeName.maximumDepth

    /// Lists the folder at `path`.
    /// - Parameters:
    ///   - path: the path that the user gave; a symbolic link to a folder is followed, none below it are.
    ///   - name: the offered name of the folder; nil for that of the path.
    /// - Throws: if the folder itself cannot be listed. Entries that fail are left out and listed.
    public static func list(path: some SystemPath, name: String? = nil) throws -> Listing {
        var listing = Listing()
        let root = try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY)
        try add(root, name ?? SourceName.of(path), path.pathBytes, depth: 1, to: &listing)
        return listing
    }

    private static func add(_ folder: OpenFile, _ name: String, _ path: ByteString, depth: Int, to listing: inout Listing) throws {
        guard depth <= maximumDepth else { throw SystemError("send \(path)", code: ENAMETOOLONG) }
        let status = try folder.status()
        let (entries, unreadable) = try names(in: folder)
        listing.sources.append(SourceDirectory(name: name, mode: status.st_mode & 0o777, modified: FileTime.nanoseconds(status.st_mtim)))
        listing.withoutName += unreadable.map { "\(path)/\($0)" }
        for entry in entries.sorted() {
            let entryPath = path + "/" + ByteString(entry)
            do {
                try add(ByteString(entry), of: folder, "\(name)/\(entry)", entryPath, depth: depth, to: &listing)
            } catch SourceError.withoutSize {
                listing.withoutSize.append(entryPath.description)
            } catch let error as SystemError {
                listing.failures.append(Failure(path: entryPath.description, error: error))
            } catch is SourceError {
                // The entry has changed its type since its status was read.
                listing.skipped.append(entryPath.description)
            }
        }
    }

    /// Adds one entry of a folder.
    private static func add(
        _ entry: ByteString, of folder: OpenFile, _ name: String, _ path: ByteString, depth: Int, to listing: inout Listing
    ) throws {
        guard name.utf8.count <= TransferLimits.nameBytes else { throw SystemError("send \(path)", code: ENAMETOOLONG) }
        guard let status = folder.status(of: entry) else { throw SystemError("look at \(path)") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            try add(try OpenFile(below: folder, entry, flags: O_RDONLY | O_DIRECTORY), name, path, depth: depth + 1, to: &listing)
        case S_IFREG:
            listing.sources.append(
                try SourceFile(name: name, closeAtOnce: true) { () throws(SystemError) in
                    // Opened by its path and not below `folder`: thousands of folders would otherwise stay open.
                    try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
                })
        default: listing.skipped.append(path.description)
        }
    }

    /// The entries of a folder: names, and the displayed forms of names that are not UTF-8 and cannot be offered.
    private static func names(in folder: OpenFile) throws -> (names: [String], unreadable: [String]) {
        let copy = fcntl(folder.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError("list \(folder.label)") }
        guard let stream = fdopendir(copy) else {
            let error = SystemError("list \(folder.label)")
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        var unreadable: [String] = []
        while true {
            // Otherwise the end cannot be told from an error.
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw SystemError("list \(folder.label)") }
                break
            }
            withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                let name = bytes.prefix { $0 != 0 }
                if let text = String(validating: name, as: UTF8.self) {
                    if text != "." && text != ".." { names.append(text) }
                } else {
                    unreadable.append(String(decoding: name, as: UTF8.self))
                }
            }
        }
        return (names, unreadable)
    }
}

/// A folder as a source: a name, a mode and a time, and no bytes.
final class SourceDirectory: TransferSource {
    let offer: FileOffer

    init(name: String, mode: UInt32, modified: Int64) {
        offer = FileOffer(name: name, kind: .directory, size: 0, mode: mode, modified: modified)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int { 0 }
    func matches(_ held: HeldRange) -> Bool { true }
    func isUnchanged() -> Bool { true }
}
