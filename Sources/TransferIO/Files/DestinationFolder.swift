import Glibc
import TransferProtocol

/// A folder being received: made at the end, so that a refused transfer leaves nothing.
public final class DestinationFolder: TransferDestination {
    private let receiveFolder: ReceiveFolder
    private let name: SafeName
    private let mode: UInt32

    /// - Parameter mode: of the offer. A folder that was there before keeps its own; one that is made for the transfer is closed to those whom
    ///   it shuts out before any file in it can be read, and stays open to its owner, for what is in it has still to come.
    public init(in receiveFolder: ReceiveFolder, name: SafeName, mode: UInt32) {
        self.receiveFolder = receiveFolder
        self.name = name
        self.mode = mode
    }

    public var held: [HeldRange] { [] }
    public func resume(keeping kept: [Range<UInt64>]) {}
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws { throw DestinationError.incomplete(name.path) }
    public func finish(size: UInt64) throws {
        do throws(SystemError) {
            let folder = try receiveFolder.open(name.parts[...])
            if receiveFolder.hasMade(name.parts[...]) {
                guard fchmod(folder.descriptor, (mode & 0o777 & ~FileMask.value) | 0o700) == 0 else {
                    throw SystemError("set the mode of \(folder.label)")
                }
            }
            try receiveFolder.flush(folder)
        } catch { throw DestinationError.cannotWrite(error) }
    }
    public func abandon() {}
}
