import CLinux
import Glibc
import SystemSupport
import TransferProtocol

/// A folder to send: itself and everything below it, one source each, folders before what is in them.
public enum SourceFolder {
    public struct Listing {
        public var sources: [any TransferSource] = []
        /// Links, devices and sockets, which are not sent; paths as the user would write them.
        public var skipped: [String] = []
        /// Nor is what has a name that is not UTF-8, and so cannot be said to a receiver; as near as it can be shown.
        public var withoutName: [String] = []
        /// Nor are these, of which nobody knows how long they are.
        public var withoutSize: [String] = []
        /// Nor what cannot be read, or is gone before it was looked at, or has a name that is too long for a receiver.
        public var failures: [Failure] = []
    }

    /// What keeps something in a folder from being sent.
    public struct Failure: Hashable, Sendable {
        public let path: String
        public let error: SystemError
    }

    /// Depth of folders within folders; deeper than a receiver takes is refused here.
    static let maximumDepth = SafeName.maximumDepth

    /// - Parameters:
    ///   - path: as the user named it; a link to a folder is followed, none below it are.
    ///   - name: what the receiver is told the folder is called; what it is called where nil.
    /// - Throws: where the folder itself cannot be listed. What is in it is left out alone.
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
                // It has become something else since it was looked at.
                listing.skipped.append(entryPath.description)
            }
        }
    }

    /// What one name in a folder stands for.
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
                    // By path and not below `folder`: thousands of folders would otherwise stay open.
                    try OpenFile(path: path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
                })
        default: listing.skipped.append(path.description)
        }
    }

    /// What is in the folder: names, and what stands for names that are not UTF-8 and so cannot be said to a receiver.
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
            // Else the end cannot be told from an error.
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

/// A folder as such: a name, a mode and a time, and no bytes.
final class SourceDirectory: TransferSource {
    let offer: FileOffer

    init(name: String, mode: UInt32, modified: Int64) {
        offer = FileOffer(name: name, kind: .directory, size: 0, mode: mode, modified: modified)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int { 0 }
    func matches(_ held: HeldRange) -> Bool { true }
    func isUnchanged() -> Bool { true }
}
