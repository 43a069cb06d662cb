import Glibc
import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// The places of one transfer's folders. Each offered folder has one of its own: two do not become one because their safe names are equal,
/// as those of `.config` and `_config`, or because the file system considers the names equal. A folder that was there before the transfer
/// is used. Held by `PlacedFoldersTests`.
final class PlacedFolders: Sendable {
    private struct State {
        /// The path of each folder, by its offered path, in parts.
        var places: [[ByteString]: [ByteString]] = [:]
        /// The offered path of each folder.
        var owners: [FileIdentity: [ByteString]] = [:]
        /// The folders offered as such: the path, and the time, nanoseconds since 1970.
        var times: [(place: [ByteString], modified: Int64)] = []
    }

    private let state = NIOLockedValueBox(State())
    /// Held while a folder is looked up or created, so that files that arrive together use the same one.
    private let finding = NIOLock()

    /// Opens the folder for the file `name`, and creates missing ones.
    /// - Returns: the folder, and the file's path in its final place.
    func open(above name: SafeName, in receiveFolder: ReceiveFolder) throws(SystemError) -> (folder: OpenFile, name: SafeName) {
        finding.lock()
        defer { finding.unlock() }
        guard !name.folders.isEmpty else { return (try receiveFolder.existing([]), name) }
        let found = try find(name.folder(at: name.parts.count - 2), receiveFolder)
        return (found.folder, name.moved(to: found.place))
    }

    /// Opens the folder `name` itself.
    /// - Returns: the folder, its place, and whether it is new.
    func open(_ name: SafeName, in receiveFolder: ReceiveFolder) throws(SystemError) -> (folder: OpenFile, place: [ByteString], isNew: Bool)
    {
        finding.lock()
        defer { finding.unlock() }
        return try find(name, receiveFolder)
    }

    private func find(_ name: SafeName, _ receiveFolder: ReceiveFolder) throws(SystemError) -> (
        folder: OpenFile, place: [ByteString], isNew: Bool
    ) {
        // Most folders are looked up again and again.
        let known = state.withLockedValue { $0.places[name.offered ?? name.parts] }
        if let known, let folder = try? receiveFolder.existing(known[...]) { return (folder, known, false) }
        var folder = try receiveFolder.existing([])
        var place: [ByteString] = []
        var isNew = false
        for index in name.parts.indices {
            (folder, place, isNew) = try step(name.folder(at: index), from: folder, at: place, receiveFolder)
        }
        return (folder, place, isNew)
    }

    /// Opens or creates the last folder of `name` in `folder`.
    private func step(
        _ name: SafeName, from folder: OpenFile, at place: [ByteString], _ receiveFolder: ReceiveFolder
    ) throws(SystemError) -> (OpenFile, [ByteString], isNew: Bool) {
        let offered = name.offered ?? name.parts
        let known = state.withLockedValue { $0.places[offered]?.last }.map { name.called($0) }
        let refusal = SystemError("make the folder \(folder.label(of: name.last))", code: EINVAL)
        for candidate in known.map({ [$0] }) ?? [name] + name.substitutes {
            guard folder.preservesTrailingDots(of: candidate.last) else { continue }
            do throws(SystemError) {
                for number in 0...PartFile.maximumNumber {
                    let last = candidate.numbered(number).last
                    let found: (folder: OpenFile, isNew: Bool)
                    do throws(SystemError) { found = try receiveFolder.step(last, from: folder, at: place) } catch {
                        // A file has the name: try the next number.
                        if error.code == ENOTDIR { continue }
                        throw error
                    }
                    guard try claim(found.folder, place + [last], for: offered) else { continue }
                    return (found.folder, place + [last], found.isNew)
                }
            } catch {
                guard error.isRefusedName else { throw error }
            }
        }
        throw refusal
    }

    /// - Returns: false if the folder already belongs to another offered path.
    private func claim(_ folder: OpenFile, _ place: [ByteString], for offered: [ByteString]) throws(SystemError) -> Bool {
        let identity = FileIdentity(try folder.status())
        return state.withLockedValue { state in
            guard state.owners[identity, default: offered] == offered else { return false }
            state.owners[identity] = offered
            state.places[offered] = place
            return true
        }
    }

    func record(time modified: Int64, of place: [ByteString]) {
        if modified != 0 { state.withLockedValue { $0.times.append((place, modified)) } }
    }

    func setTimes(in receiveFolder: ReceiveFolder) -> [SystemError] {
        let times = state.withLockedValue { state in
            defer { state.times = [] }
            return state.times
        }
        var failures: [SystemError] = []
        for (place, modified) in times {
            guard let time = FileTime.timespec(modified) else { continue }
            do throws(SystemError) {
                let folder = try receiveFolder.existing(place[...])
                guard futimens(folder.descriptor, [time, time]) == 0 else { throw SystemError("set the time of \(folder.label)") }
                try receiveFolder.flush(folder)
            } catch { failures.append(error) }
        }
        return failures
    }
}
