import SystemSupport
import TransferProtocol

/// Why an offered file cannot be accepted, or was not placed.
public enum DestinationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing of the name is left once it is made safe.
    case unsafeName(String)
    case noSpace(needed: UInt64, free: UInt64)
    case cannotWrite(SystemError)
    /// The sync failed; nothing of the file is kept.
    case notFlushed(SystemError)
    /// The file has its final name (this one), and the sync of the name failed.
    case inPlaceNotFlushed(String, SystemError)
    /// The end came before every byte: a defect of the caller. Such a file is never placed.
    case incomplete(String)
    /// The part file's name belongs to another file.
    case replaced(String)
    /// Too many files have that name.
    case noFreeName(String)

    /// The reason that is sent to the sender.
    public var reason: DeclineReason {
        switch self {
        case .unsafeName: .unsafeName
        case .noSpace: .noSpace
        case .noFreeName: .exists
        case .cannotWrite, .notFlushed, .inPlaceNotFlushed, .incomplete, .replaced: .cannotWrite
        }
    }

    /// Whether the process or the system has no descriptor left, which may pass.
    public var isForWantOfDescriptors: Bool {
        if case .cannotWrite(let error) = self { error.isForWantOfDescriptors } else { false }
    }

    public var description: String {
        switch self {
        case .unsafeName(let name): "the name \(name.debugDescription) cannot be made safe"
        case .noSpace(let needed, let free): "\(needed) bytes are needed and \(free) are free"
        case .cannotWrite(let error): error.description
        case .notFlushed(let error): "\(error); the disk may not have it, so nothing of it is kept: send it again"
        case .inPlaceNotFlushed(let name, let error): "it is stored as \(name), but may be lost after a power cut: \(error)"
        case .incomplete(let name): "\(name) is not complete"
        case .replaced(let part): "\(part) was removed or replaced while it was being received"
        case .noFreeName(let name): "there are too many files named like \(name)"
        }
    }
}
