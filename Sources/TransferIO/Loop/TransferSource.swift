import TransferProtocol

/// A file (or folder entry, or stream) to send, as the transfer loop sees it. All calls come from one thread at a time.
public protocol TransferSource: AnyObject, Sendable {
    /// Name, size, mode and time as offered.
    var offer: FileOffer { get }
    /// Reads into the whole of `buffer` from `offset`; fewer bytes only at the end of the file, 0 at the end of a stream.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int
    /// Whether the file holds exactly these bytes (SHA-256 of its range), for a resume. May take long.
    func matches(_ held: HeldRange) throws -> Bool
    /// Whether it is still the file that was offered, as far as its status tells; asked at the end, and now and then.
    func isUnchanged() -> Bool
}

/// Where a received file goes. All calls come from one thread at a time.
public protocol TransferDestination: AnyObject, Sendable {
    /// What an earlier, interrupted transfer of the same file left here, with its hashes; empty for a fresh start.
    var held: [HeldRange] { get }
    /// The sender agreed to these ranges; all else is written anew, and some of it may have been before this call.
    func resume(keeping kept: [Range<UInt64>]) throws
    /// Writes `bytes` at `offset`, in any order. Throws ``DestinationFull`` or ``DestinationBusy`` to be asked again later.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws
    /// Every byte is written: truncate to `size`, sync, set the mode and time, and move to the final place. May take long. Throws
    /// ``DestinationFull`` to be asked again later, which never follows a sync that failed.
    func finish(size: UInt64) throws
    /// After `finish`: what is to be removed when the sender surely knows.
    var record: FinishedRecord? { get }
    /// After `finish`: its path, where that is not as it was offered and the sender may know.
    var changedName: String? { get }
    /// The transfer ended before that: keep the part and its journal for a resume, or remove what is not worth keeping.
    func abandon()
}

extension TransferDestination {
    public var record: FinishedRecord? { nil }
    public var changedName: String? { nil }
}

/// Thrown by a destination whose disk is full: the transfer pauses, and the write is tried again.
public struct DestinationFull: Error {
    public init() {}
}

/// Thrown by a destination whose reader is slower than the transfer: the write is tried again, and nothing is wrong.
public struct DestinationBusy: Error {
    /// Writable when it is worth trying.
    public let descriptor: Int32
    public init(descriptor: Int32) { self.descriptor = descriptor }
}
