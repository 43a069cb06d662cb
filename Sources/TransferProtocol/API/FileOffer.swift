/// Names one file within a connection: 0, 1, 2 … in the order of the offers.
public typealias FileID = UInt32

/// What a sender says of a file before it sends any of it. None of it is to be trusted: the receiver makes the name safe itself.
public struct FileOffer: Hashable, Sendable {
    public enum Kind: UInt8, Sendable {
        case file = 0
        case directory = 1
    }

    /// A relative path with `/` between its parts, at most 4,096 bytes of UTF-8.
    public var name: String
    public var kind: Kind
    /// Bytes; nil for a stream whose end is not known yet (`send-file -`).
    public var size: UInt64?
    /// The permission bits (`st_mode & 0o777`).
    public var mode: UInt32
    /// Nanoseconds since 1970; 0 where there is no time to tell, as of a stream.
    public var modified: Int64
    /// What is in a folder that is sent, of the folder itself; nil where the sender does not say. Comes with the handshake, not with the offer.
    public var contents: FolderContents?

    public init(name: String, kind: Kind = .file, size: UInt64?, mode: UInt32 = 0o644, modified: Int64 = 0) {
        self.name = name
        self.kind = kind
        self.size = size
        self.mode = mode
        self.modified = modified
    }
}

/// What there is in a folder that is sent, with all the folders in it.
public struct FolderContents: Hashable, Sendable {
    /// Without folders.
    public var files: UInt64
    public var bytes: UInt64

    public init(files: UInt64 = 0, bytes: UInt64 = 0) {
        self.files = files
        self.bytes = bytes
    }

    /// Of each folder that is sent as such, in the order of the offers, in which a folder comes before what is in it.
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

/// A part of a file that the receiver already holds from an interrupted transfer.
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
    /// Send it, except for what is held already (at most ``TransferLimits/heldRanges`` ranges, ascending, not overlapping).
    case accept(held: [HeldRange])
    case decline(DeclineReason)
}

public enum DeclineReason: UInt8, Hashable, Sendable {
    /// The user said no, or `--accept never`.
    case declined = 0
    /// The name cannot be made safe.
    case unsafeName = 1
    /// There is a file of this name and it may not be overwritten.
    case exists = 2
    case noSpace = 3
    /// The destination cannot be written.
    case cannotWrite = 4
    /// What is offered is of a kind this receiver cannot take (a stream, a folder into standard output).
    case unsupported = 5
}

/// Bounds on what one peer may make the other remember.
public enum TransferLimits {
    public static let nameBytes = 4096
    public static let heldRanges = 4096
    /// Files offered and not yet done, a connection.
    public static let openFiles = 4096
    /// Bytes of the names of these files together.
    public static let openNameBytes = 1 << 20
    /// From the first file that is not done, how far the offers may run ahead.
    public static let fileSpan = 65_536
    /// Bytes of a reason's text.
    public static let reasonBytes = 512
}
