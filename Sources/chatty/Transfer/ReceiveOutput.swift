import Glibc
import NIOConcurrencyHelpers
import SystemSupport
import TransferIO
import TransferProtocol

/// The destination of `recv-file -o`: a folder, one file, or a stream (standard output, a pipe, a device).
final class ReceiveOutput: Sendable {
    private enum Place {
        case folder(ReceiveFolder)
        case file(ReceiveFolder, SafeName)
        case stream(descriptor: Int32, label: String)
    }

    /// The names that one transfer uses in the output.
    struct Contents {
        fileprivate let names = PlacedNames()
        fileprivate var hasFile = false
    }

    /// The reason why an offered file cannot be stored.
    struct Refusal: Error {
        let reason: DeclineReason
        let text: String
        /// Whether the process has no descriptor left. One becomes free when another file is done.
        var isForWantOfDescriptors = false
    }

    private let place: Place
    private let overwrite: Bool
    /// The use of a stream, which carries one file only.
    private enum Use {
        case free
        case taken
        case spent
    }
    private let use = NIOLockedValueBox(Use.free)

    /// - Parameter path: `-`, a pipe or device, a folder (created if the path ends in `/`), else the path of a file in an existing folder.
    init(path: some SystemPath, overwrite: Bool) throws {
        let path = path.pathBytes
        self.overwrite = overwrite
        if path == "-" {
            place = .stream(descriptor: STDOUT_FILENO, label: "standard output")
            return
        }
        var status = stat()
        let kind = path.withCString { stat($0, &status) } == 0 ? status.st_mode & S_IFMT : nil
        let (parent, last) = path.splitAtLast("/")
        if last.isEmpty || kind == S_IFDIR {
            place = .folder(try ReceiveFolder(path: path, create: last.isEmpty))
            return
        }
        if let kind, kind != S_IFREG {
            do throws(SystemError) {
                place = .stream(descriptor: try StreamDestination.open(path), label: path.description)
            } catch {
                throw error.code == ENXIO ? UnreadPipeError(path: path.description) : error
            }
            return
        }
        guard let name = SafeName(chosen: last) else { throw ReceivePathError(path: path.description) }
        place = .file(try ReceiveFolder(path: parent ?? "."), name)
    }

    /// Checks that files can be written there, before the ticket is shown.
    func checkIsWritable() throws {
        switch place {
        case .folder(let folder), .file(let folder, _): try folder.checkIsWritable()
        case .stream: break
        }
    }

    /// The place as messages name it.
    var description: String {
        switch place {
        case .folder(let folder): folder.path
        case .file(let folder, let name): folder.path == "." ? name.path : "\(folder.path)/\(name.path)"
        case .stream(_, let label): label
        }
    }

    /// Opens the place for an offered file.
    /// - Parameter contents: the names of the transfer to which the offer belongs.
    func destination(for offer: FileOffer, from senderKey: [UInt8], in contents: inout Contents) throws(Refusal) -> any TransferDestination
    {
        switch place {
        case .stream(let descriptor, let label):
            guard offer.kind == .file else { throw Refusal(reason: .unsupported, text: "a folder cannot be written to \(label)") }
            let isFree = use.withLockedValue { use in
                guard case .free = use else { return false }
                use = .taken
                return true
            }
            guard isFree else { throw Refusal(reason: .unsupported, text: "\(label) takes only one file") }
            return StreamDestination(descriptor: descriptor)
        case .file(let folder, let name):
            guard offer.kind == .file else { throw Refusal(reason: .unsupported, text: "a folder cannot be written to one file") }
            guard !contents.hasFile else {
                throw Refusal(reason: .unsupported, text: "\(description) takes only one file of each transfer")
            }
            return try open(folder, name, offer, senderKey, &contents)
        case .folder(let folder):
            guard let name = SafeName(offer.name) else {
                throw Refusal(reason: .unsafeName, text: "its name cannot be made safe")
            }
            if offer.kind == .directory {
                do {
                    return try DestinationFolder(
                        in: folder, name: name, mode: offer.mode, modified: offer.modified, names: contents.names)
                } catch {
                    throw Refusal(reason: error.reason, text: error.description)
                }
            }
            return try open(folder, name, offer, senderKey, &contents)
        }
    }

    /// Sets the times of folders, after a transfer that was not interrupted.
    /// - Returns: the failures.
    func complete(_ contents: Contents) -> [SystemError] {
        guard case .folder(let folder) = place else { return [] }
        return contents.names.setFolderTimes(in: folder)
    }

    /// Ends the use by one file. A stream is free for another file if nothing was written to it.
    /// - Returns: whether the output cannot take another file.
    func release(_ destination: any TransferDestination, isDelivered: Bool) -> Bool {
        guard let stream = destination as? StreamDestination else { return false }
        let isSpent = isDelivered || !stream.isUntouched
        use.withLockedValue { $0 = isSpent ? .spent : .free }
        return isSpent
    }

    private func open(
        _ folder: ReceiveFolder, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8], _ contents: inout Contents
    ) throws(Refusal) -> any TransferDestination {
        do {
            let file = try DestinationFile(
                in: folder, name: name, offer: offer, senderKey: senderKey, overwrite: overwrite, names: contents.names)
            contents.hasFile = true
            return file
        } catch {
            throw Refusal(reason: error.reason, text: error.description, isForWantOfDescriptors: error.isForWantOfDescriptors)
        }
    }
}

/// The path of `-o` is that of a named pipe, or of a socket, that nobody has open for reading.
struct UnreadPipeError: Error, CustomStringConvertible {
    let path: String
    var description: String { "no program reads \(path) yet: start that program first" }
}

/// The path of `-o` names no file.
struct ReceivePathError: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path) is not the name of a file" }
}
