import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// The names of one transfer's files, final or claimed. Each belongs to one file: no file replaces another of the same transfer, whatever
/// may be overwritten. Names are equal if their bytes are, or if the file system ignores the difference, as that of `README` and `readme`:
/// then the name leads to a file that was placed. Held by `DestinationFileTests`.
public final class PlacedNames: Sendable {
    private struct State {
        var names: Set<SafeName> = []
        var files: Set<FileIdentity> = []
    }

    private let state = NIOLockedValueBox(State())
    /// Held from the check of a name to the end of the move, so that nobody else takes it in between.
    private let moving = NIOLock()
    let folders = PlacedFolders()

    public init() {}

    /// Claims a name for a file that has it already.
    /// - Returns: false if another file has claimed the name, or the file has another name.
    func claim(_ name: SafeName, of file: FileIdentity) -> Bool { moving.withLock { add(name, of: file) } }

    private func add(_ name: SafeName, of file: FileIdentity) -> Bool {
        state.withLockedValue { state in
            guard !state.files.contains(file), state.names.insert(name).inserted else { return false }
            state.files.insert(file)
            return true
        }
    }

    func release(_ name: SafeName, of file: FileIdentity) {
        state.withLockedValue { state in
            state.names.remove(name)
            state.files.remove(file)
        }
    }

    /// Moves a file to its final name in `folder`.
    /// - Parameter move: returns false if the name is taken.
    /// - Returns: false if the name is taken, on disk or by another file of the transfer.
    func place(_ file: FileIdentity, as name: SafeName, in folder: OpenFile, _ move: () throws(DestinationError) -> Bool)
        throws(DestinationError) -> Bool
    {
        moving.lock()
        defer { moving.unlock() }
        let isTaken = state.withLockedValue { state in
            state.names.contains(name) || folder.status(of: name.last).map { state.files.contains(FileIdentity($0)) } ?? false
        }
        guard !isTaken, try move() else { return false }
        return add(name, of: file)
    }

    /// Sets the times of the received folders. Call it once the last file is placed, because every change in a folder updates its time.
    /// - Returns: the errors.
    public func setFolderTimes(in receiveFolder: ReceiveFolder) -> [SystemError] { folders.setTimes(in: receiveFolder) }
}
