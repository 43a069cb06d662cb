import SystemSupport
import TransferProtocol

/// Why an offered file cannot be taken, or did not get to its place.
public enum DestinationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing safe is left of the name.
    case unsafeName(String)
    case noSpace(needed: UInt64, free: UInt64)
    case cannotWrite(SystemError)
    /// The disk did not take what was written; nothing of it is kept.
    case notFlushed(SystemError)
    /// The file has its final name (this one), and the disk did not take the name.
    case inPlaceNotFlushed(String, SystemError)
    /// The end came before every byte: a defect of the caller, never to be renamed into place.
    case incomplete(String)
    /// Something else has the name that the part had.
    case replaced(String)
    /// Too many files of that name.
    case noFreeName(String)

    /// What the sender is told.
    public var reason: DeclineReason {
        switch self {
        case .unsafeName: .unsafeName
        case .noSpace: .noSpace
        case .noFreeName: .exists
        case .cannotWrite, .notFlushed, .inPlaceNotFlushed, .incomplete, .replaced: .cannotWrite
        }
    }

    /// The process or the system has none left; later there may be one.
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
