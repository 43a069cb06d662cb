import Foundation
import NIOConcurrencyHelpers
import TransferIO
import TransferProtocol

/// Where `recv-file -o` puts what comes: a folder, one file, or standard output.
final class ReceiveOutput: Sendable {
    private enum Place {
        case folder(ReceiveFolder)
        case file(ReceiveFolder, SafeName)
        case standardOutput
    }

    /// An offered file cannot go there.
    struct Refusal: Error {
        let reason: DeclineReason
        let text: String
    }

    private let place: Place
    private let overwrite: Bool
    /// Standard output carries one file.
    private enum Use {
        case free
        case taken
        case spent
    }
    private let use = NIOLockedValueBox(Use.free)

    /// - Parameter path: `-`, a folder (made where the path ends with `/`), else the path of a file in a folder that exists.
    init(path: String, overwrite: Bool) throws {
        self.overwrite = overwrite
        Self.allowManyFiles()
        if path == "-" {
            place = .standardOutput
            return
        }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if path.hasSuffix("/") || (exists && isFolder.boolValue) {
            place = .folder(try ReceiveFolder(path: path, create: path.hasSuffix("/")))
            return
        }
        let slash = path.lastIndex(of: "/")
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard let name = SafeName(chosen: String(path[(slash.map(path.index(after:)) ?? path.startIndex)...])) else {
            throw ReceivePathError(path: path)
        }
        place = .file(try ReceiveFolder(path: parent), name)
    }

    /// What to tell people: where files go.
    var description: String {
        switch place {
        case .folder(let folder): folder.path
        case .file(let folder, let name): folder.path == "." ? name.path : "\(folder.path)/\(name.path)"
        case .standardOutput: "standard output"
        }
    }

    /// Opens the place for an offered file.
    func destination(for offer: FileOffer, from senderKey: [UInt8]) throws(Refusal) -> any TransferDestination {
        switch place {
        case .standardOutput:
            guard offer.kind == .file else { throw Refusal(reason: .unsupported, text: "a folder cannot be written to standard output") }
            let isFree = use.withLockedValue { use in
                guard case .free = use else { return false }
                use = .taken
                return true
            }
            guard isFree else { throw Refusal(reason: .unsupported, text: "standard output takes one file") }
            return StreamDestination(descriptor: STDOUT_FILENO)
        case .file(let folder, let name):
            guard offer.kind == .file else { throw Refusal(reason: .unsupported, text: "a folder cannot be written to one file") }
            return try open(folder, name, offer, senderKey)
        case .folder(let folder):
            guard let name = SafeName(offer.name) else {
                throw Refusal(reason: .unsafeName, text: "its name cannot be made safe")
            }
            if offer.kind == .directory { return DestinationFolder(in: folder, name: name) }
            return try open(folder, name, offer, senderKey)
        }
    }

    /// After the end of a file: standard output is free for another where nothing was written to it.
    /// - Returns: whether there is no more to be had of it.
    func release(_ destination: any TransferDestination, isDelivered: Bool) -> Bool {
        guard let stream = destination as? StreamDestination else { return false }
        let isSpent = isDelivered || !stream.isUntouched
        use.withLockedValue { $0 = isSpent ? .spent : .free }
        return isSpent
    }

    /// A sender may have hundreds of small files under way, each with a descriptor or three: as many as the system lets us have.
    private static func allowManyFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func open(_ folder: ReceiveFolder, _ name: SafeName, _ offer: FileOffer, _ senderKey: [UInt8]) throws(Refusal)
        -> any TransferDestination
    {
        do {
            return try DestinationFile(in: folder, name: name, offer: offer, senderKey: senderKey, overwrite: overwrite)
        } catch {
            throw Refusal(reason: error.reason, text: error.description)
        }
    }
}

/// The path of `-o` names no file.
struct ReceivePathError: Error, CustomStringConvertible {
    let path: String
    var description: String { "\(path) is not the name of a file" }
}
