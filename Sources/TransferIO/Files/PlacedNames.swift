import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// The names that the files of one transfer got, or will have, each of which is one file's: none takes the place of another, whatever
/// may be overwritten. Two names are one where their bytes are, or where the file system says so, as one does that makes no difference
/// between `README` and `readme`: then what has the name is a file that was placed. Held by `DestinationFileTests`.
public final class PlacedNames: Sendable {
    private struct State {
        var names: Set<SafeName> = []
        var files: Set<FileIdentity> = []
    }

    private let state = NIOLockedValueBox(State())
    /// Held from the look at what has a name to the end of the move there, so that nobody else gets it meanwhile.
    private let moving = NIOLock()
    let folders = PlacedFolders()

    public init() {}

    /// For a file that has the name already.
    /// - Returns: false where another file has the name, or the file another.
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
    /// - Parameter move: returns false where the name is taken.
    /// - Returns: false where it is, by whatever is there or by another file of the transfer.
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

    /// Gives the folders that were received their times, which are those of the last change in them; for when the last file is in its place.
    /// - Returns: what could not be done.
    public func setFolderTimes(in receiveFolder: ReceiveFolder) -> [SystemError] { folders.setTimes(in: receiveFolder) }
}
