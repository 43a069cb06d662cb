import TransferProtocol

/// A file, folder or stream to send. All calls come from one thread at a time.
public protocol TransferSource: AnyObject, Sendable {
    /// Name, size, mode and time as offered.
    var offer: FileOffer { get }
    /// Fills `buffer` from `offset`; fewer bytes only at the end of the file, 0 at the end of a stream. Throws ``SourceNotReady`` to be
    /// called again later.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int
    /// Whether the file has exactly these bytes (SHA-256 of the range), for a resume. May take long.
    func matches(_ held: HeldRange) throws -> Bool
    /// Whether it is still the file that was offered, as far as its status shows.
    func isUnchanged() -> Bool
}

/// The target of a received file. All calls come from one thread at a time.
public protocol TransferDestination: AnyObject, Sendable {
    /// The ranges that an earlier, interrupted transfer of the same file left, with their hashes; empty for a fresh start.
    var held: [HeldRange] { get }
    /// Keeps these ranges, to which the sender has agreed. All others are written again; some of them may have been written before this
    /// call.
    func resume(keeping kept: [Range<UInt64>]) throws
    /// Writes `bytes` at `offset`, in any order. Throws ``DestinationFull`` or ``DestinationBusy`` to be called again later.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws
    /// Completes the file, of which every byte is written: truncates to `size`, sets the mode and time, syncs, and moves it to its final
    /// place. May take long. Throws ``DestinationFull`` to be called again later, but never after a failed sync.
    func finish(size: UInt64) throws
    /// After `finish`: the journal to remove once the sender is known to know of the file.
    var record: FinishedRecord? { get }
    /// After `finish`: the path of the file if it is not the offered one and the sender may know it.
    var changedName: String? { get }
    /// Gives up a file that is not finished: keeps the part file and its journal for a resume, or removes them if they are not worth
    /// keeping.
    func abandon()
}

extension TransferDestination {
    public var record: FinishedRecord? { nil }
    public var changedName: String? { nil }
}

/// The error of a destination whose disk is full: the transfer pauses, and the write is repeated.
public struct DestinationFull: Error {
    public init() {}
}

/// The error of a destination whose reader is slower than the transfer: the write is repeated; this is normal.
public struct DestinationBusy: Error {
    /// Becomes writable when the write can be repeated.
    public let descriptor: Int32
    public init(descriptor: Int32) { self.descriptor = descriptor }
}
