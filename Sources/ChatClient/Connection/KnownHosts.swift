import Foundation
import SystemSupport

/// The servers met before: a file of lines `HOST:PORT FINGERPRINT` and `HOST:PORT vouched`, readable by its owner only.
///
/// Several clients may use one file at once: each change is made under a lock, is based on the file's current contents, and replaces the
/// file as a whole. The file is read as bytes, and lines that this program does not know stay as they are. The last line of a server
/// counts.
public struct KnownHosts: Sendable {
    /// The reason why the file could not be used.
    public struct Failure: Error, Equatable {
        public let message: String
    }

    /// What is recorded of a server, by which it is recognised.
    public enum Record: Hashable, Sendable {
        /// This certificate, for which no authority vouches.
        case key(Fingerprint)
        /// Any certificate of an authority for the server's name. A self-signed one therefore counts as a change.
        case vouched
    }

    /// A server as the user names it. All forms of an address are one server, and so are all cases of a name, with or without the dot of
    /// the DNS root.
    public struct Server: Hashable, Sendable, CustomStringConvertible {
        public let host: String
        public let port: Int
        let identity: ServerIdentity

        public init(host: String, port: Int) {
            identity = ServerIdentity(host: host)
            self.port = port
            self.host =
                switch identity {
                case .name(let name): String(decoding: name, as: UTF8.self)
                case .address: NumericAddress(host)?.text ?? host
                }
        }

        /// Parses the form of ``description``, and other names of the same server.
        fileprivate init?(place: some Sequence<UInt8>) {
            let bytes = Array(place)
            guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
                let port = Int(String(decoding: bytes[(colon + 1)...], as: UTF8.self)),
                var host = String(validating: bytes[..<colon], as: UTF8.self)
            else { return nil }
            if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
                host = String(decoding: host.utf8.dropFirst().dropLast(), as: UTF8.self)
            }
            self.init(host: host, port: port)
        }

        /// `chat.example:6697`, `[::1]:6697`.
        public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    public let path: String

    /// - Parameter path: the path of the file. The file and its folder are created when the first server is recorded.
    public init(path: String) { self.path = path }

    /// The record of a server; nil if the server was not met before.
    public func record(of server: Server) throws(Failure) -> Record? { try record(of: server, in: lines()) }

    /// Records a server, unless another client has changed its record in the meantime.
    ///
    /// - Parameter known: the record on which the decision was based.
    /// - Returns: whether that was still the record, and so the new one was stored.
    public func remember(_ record: Record, of server: Server, insteadOf known: Record?) throws(Failure) -> Bool {
        let folder = try lockedFolder(isMade: true)
        defer { close(folder) }
        let lines = try lines()
        guard try self.record(of: server, in: lines) == known else { return false }
        try replace(with: lines.filter { !KnownHosts.isAbout(server, $0) } + [Array("\(server) \(KnownHosts.text(record))".utf8)])
        return true
    }

    /// Removes the record of a server.
    /// - Returns: whether there was one.
    public func forget(_ server: Server) throws(Failure) -> Bool {
        // The folder is not created for this: without it no server is known.
        guard access(path, F_OK) == 0 || errno != ENOENT else { return false }
        let folder = try lockedFolder(isMade: false)
        defer { close(folder) }
        let all = try lines()
        let others = all.filter { !KnownHosts.isAbout(server, $0) }
        guard others.count < all.count else { return false }
        try replace(with: others)
        return true
    }

    // The lines.

    private enum Entry {
        case record(Record)
        /// An incomplete line, as a full disk or an editor may leave it. It does not show what was recorded.
        case damaged
    }

    private static let vouched = Array("vouched".utf8)

    private static func text(_ record: Record) -> String {
        switch record {
        case .key(let fingerprint): fingerprint.description
        case .vouched: String(decoding: vouched, as: UTF8.self)
        }
    }

    private func record(of server: Server, in lines: [[UInt8]]) throws(Failure) -> Record? {
        guard let line = lines.lastIndex(where: { KnownHosts.entry($0, of: server) != nil }),
            let entry = KnownHosts.entry(lines[line], of: server)
        else { return nil }
        guard case .record(let record) = entry else {
            throw Failure(message: "\(path) is damaged: line \(line + 1), about \(server), cannot be read. Correct or remove it.")
        }
        return record
    }

    private static func isAbout(_ server: Server, _ line: [UInt8]) -> Bool { entry(line, of: server) != nil }

    /// - Returns: nil for a line about another server or in another format.
    private static func entry(_ line: [UInt8], of server: Server) -> Entry? {
        let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D })
        guard let place = words.first, words.count <= 2, Server(place: place) == server else { return nil }
        guard words.count == 2 else { return .damaged }
        if words[1].elementsEqual(vouched) { return .record(.vouched) }
        if let fingerprint = Fingerprint(String(decoding: words[1], as: UTF8.self)) { return .record(.key(fingerprint)) }
        return vouched.starts(with: words[1]) || words[1].starts(with: "SHA256:".utf8) || "SHA256:".utf8.starts(with: words[1])
            ? .damaged : nil
    }

    // The file.

    /// The lines without their line ends; none if there is no file.
    private func lines() throws(Failure) -> [[UInt8]] {
        // Without O_NONBLOCK, the open of a pipe in the file's place would block.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure("read") }
            return []
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read") }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        // Some file systems leave NUL bytes in a file after a power failure.
        guard !bytes.contains(0) else { throw Failure(message: "\(path) is damaged: it contains NUL bytes. Correct or remove it.") }
        return bytes.split(separator: 0x0A).map(Array.init)
    }

    /// Opens the file's folder and locks it against other clients until it is closed. The lock is on the folder because the file itself is
    /// replaced.
    private func lockedFolder(isMade: Bool) throws(Failure) -> Int32 {
        let folder = (path as NSString).deletingLastPathComponent
        if isMade {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw failure("write")
            }
        }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("write") }
        while flock(descriptor, LOCK_EX) != 0 {
            if errno == EINTR { continue }
            // Network file systems may not support locks on folders; then the change is made without one.
            if [EBADF, EINVAL, ENOLCK, EOPNOTSUPP, ENOSYS].contains(errno) { break }
            let failure = failure("lock")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private func replace(with lines: [[UInt8]]) throws(Failure) {
        // The name is unique to this call even without locks: threads share the id of their process.
        let temporary = path + ".\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write") }
        let bytes = lines.reduce(into: [UInt8]()) { $0 += $1 + [0x0A] }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isWritten = written == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten, rename(temporary, path) == 0 else {
            let failure = failure("write")
            unlink(temporary)
            throw failure
        }
    }

    private func failure(_ verb: String) -> Failure {
        Failure(message: "Cannot \(verb) \(path): \(SystemError.text()).")
    }
}
