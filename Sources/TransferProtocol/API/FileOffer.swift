/// Identifies one file within a connection: 0, 1, 2 … in the order of the offers.
public typealias FileID = UInt32

/// What a sender declares about a file before its data. None of it is trusted: the receiver makes the name safe itself.
public struct FileOffer: Hashable, Sendable {
    public enum Kind: UInt8, Sendable {
        case file = 0
        case directory = 1
    }

    /// A relative path with `/` between its parts, at most 4,096 bytes of UTF-8.
    public var name: String
    public var kind: Kind
    /// Bytes; nil for a stream of unknown length (`send-file -`).
    public var size: UInt64?
    /// The permission bits (`st_mode & 0o777`).
    public var mode: UInt32
    /// The modification time, nanoseconds since 1970; 0 if there is none, as for a stream.
    public var modified: Int64
    /// The contents of a folder that is sent as such; nil if the sender does not declare them. They come with the handshake, not with the
    /// offer.
    public var contents: FolderContents?

    public init(name: String, kind: Kind = .file, size: UInt64?, mode: UInt32 = 0o644, modified: Int64 = 0) {
        self.name = name
        self.kind = kind
        self.size = size
        self.mode = mode
        self.modified = modified
    }
}

/// The totals of a folder that is sent, with all folders below it.
public struct FolderContents: Hashable, Sendable {
    /// The number of files, folders not counted.
    public var files: UInt64
    public var bytes: UInt64

    public init(files: UInt64 = 0, bytes: UInt64 = 0) {
        self.files = files
        self.bytes = bytes
    }

    /// The totals of each folder that is sent as such, in the order of the offers; a folder precedes its contents.
    public static func of(_ offers: some Sequence<FileOffer>) -> [FolderContents] {
        var all: [FolderContents] = []
        for offer in offers {
            let isInFolder = offer.name.utf8.contains(UInt8(ascii: "/"))
            if offer.kind == .directory, !isInFolder { all.append(FolderContents()) }
            guard offer.kind == .file, isInFolder, !all.isEmpty else { continue }
            all[all.count - 1].files += 1
            let (sum, isTooMuch) = all[all.count - 1].bytes.addingReportingOverflow(offer.size ?? 0)
            all[all.count - 1].bytes = isTooMuch ? .max : sum
        }
        return all
    }
}

/// A range of a file that the receiver has from an interrupted transfer.
public struct HeldRange: Hashable, Sendable {
    /// Bytes of the file, never empty.
    public var range: Range<UInt64>
    /// SHA-256 of these bytes, 32 bytes.
    public var digest: [UInt8]
    public init(range: Range<UInt64>, digest: [UInt8]) {
        self.range = range
        self.digest = digest
    }
}

/// A receiver's answer to an offer.
public enum FileAnswer: Hashable, Sendable {
    /// Send the file except for the ranges in `held` (at most ``TransferLimits/heldRanges``, ascending, not overlapping).
    case accept(held: [HeldRange])
    case decline(DeclineReason)
}

public enum DeclineReason: UInt8, Hashable, Sendable {
    /// The user declined, or `--accept never` is set.
    case declined = 0
    /// The name cannot be made safe.
    case unsafeName = 1
    /// A file of this name exists and may not be overwritten.
    case exists = 2
    case noSpace = 3
    /// The destination cannot be written.
    case cannotWrite = 4
    /// The receiver cannot receive this kind (a stream, a folder into standard output).
    case unsupported = 5
}

/// Bounds on the state that one peer may make the other keep.
public enum TransferLimits {
    public static let nameBytes = 4096
    public static let heldRanges = 4096
    /// Files that are offered and not yet done, for each connection.
    public static let openFiles = 4096
    /// Bytes of the names of these files, in total.
    public static let openNameBytes = 1 << 20
    /// How far the offers may run ahead of the first file that is not done, in files.
    public static let fileSpan = 65_536
    /// Bytes of a reason's text.
    public static let reasonBytes = 512
}
