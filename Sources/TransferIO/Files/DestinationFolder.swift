import Glibc
import SystemSupport
import TransferProtocol

/// A folder that is being received. A new one gets the permissions of its source before any file in it can be read; its owner keeps access,
/// to receive the contents. Held by `StreamTests` and `PlacedFoldersTests`.
public final class DestinationFolder: TransferDestination, @unchecked Sendable {
    // `@unchecked`: the transfer calls its destinations from one thread at a time.

    private let receiveFolder: ReceiveFolder
    private let name: SafeName
    private let names: PlacedNames
    private let modified: Int64
    /// Whether the folder is new: then it is removed if the transfer is refused.
    private let isNew: Bool
    private var isOver = false

    /// Finds or creates the folder.
    /// - Parameters:
    /// - mode: the offer's mode. An existing folder keeps its own.
    /// - modified: the offer's time; set at the end of the transfer, see ``PlacedNames/setFolderTimes(in:)``.
    /// - names: the names of the transfer's other files and folders.
    public init(in receiveFolder: ReceiveFolder, name: SafeName, mode: UInt32, modified: Int64 = 0, names: PlacedNames = PlacedNames())
        throws(DestinationError)
    {
        self.receiveFolder = receiveFolder
        self.names = names
        self.modified = modified
        do throws(SystemError) {
            let found = try names.folders.open(name, in: receiveFolder)
            self.name = name.moved(to: found.place.dropLast()).called(found.place[found.place.count - 1])
            isNew = found.isNew
            guard receiveFolder.hasMade(found.place[...]) else { return }
            guard fchmod(found.folder.descriptor, (mode & 0o777 & ~FileMask.value) | 0o700) == 0 else {
                throw SystemError("set the mode of \(found.folder.label)")
            }
        } catch {
            if error.isForWantOfRoom { throw .noSpace(needed: 1, free: 0) }
            throw .cannotWrite(error)
        }
    }

    public var changedName: String? { name.isAsOffered ? nil : name.path }
    public var held: [HeldRange] { [] }
    public func resume(keeping kept: [Range<UInt64>]) {}
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws { throw DestinationError.incomplete(name.path) }

    public func finish(size: UInt64) throws {
        do throws(SystemError) { try receiveFolder.flush(receiveFolder.existing(name.parts[...])) } catch {
            throw DestinationError.cannotWrite(error)
        }
        names.folders.record(time: modified, of: name.parts)
        isOver = true
    }

    public func abandon() {
        guard !isOver, isNew else { return }
        isOver = true
        // A folder with contents stays.
        guard let above = try? receiveFolder.existing(name.folders) else { return }
        _ = name.last.withCString { unlinkat(above.descriptor, $0, AT_REMOVEDIR) }
    }
}
