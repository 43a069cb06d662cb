import Foundation

/// The keys of the servers met before: a file of lines `HOST:PORT FINGERPRINT`, readable by its owner alone.
///
/// Several clients may use one file at once: each change reads it anew and replaces it whole.
public struct KnownHosts: Sendable {
    /// Why the file could not be used.
    public struct Failure: Error, Equatable {
        public let message: String
    }

    /// One server, as the user names it.
    public struct Server: Hashable, Sendable, CustomStringConvertible {
        public let host: String
        public let port: Int

        public init(host: String, port: Int) {
            self.host = host.lowercased()
            self.port = port
        }

        /// `chat.example:6697`, `[::1]:6697`.
        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    public let path: String

    /// - Parameter path: of the file; it and its folder are made when the first key is remembered.
    public init(path: String) { self.path = path }

    /// - Returns: nil where the server was not met before.
    public func fingerprint(of server: Server) throws(Failure) -> Fingerprint? {
        try lines().lazy.compactMap(KnownHosts.entry).last { $0.server == server.description }?.fingerprint
    }

    public func remember(_ fingerprint: Fingerprint, of server: Server) throws(Failure) {
        let others = try lines().filter { KnownHosts.entry($0)?.server != server.description }
        try replace(with: others + ["\(server) \(fingerprint)"])
    }

    /// - Returns: whether there was one to forget.
    public func forget(_ server: Server) throws(Failure) -> Bool {
        let all = try lines()
        let others = all.filter { KnownHosts.entry($0)?.server != server.description }
        guard others.count < all.count else { return false }
        try replace(with: others)
        return true
    }

    private static func entry(_ line: String) -> (server: String, fingerprint: Fingerprint)? {
        let parts = line.split(separator: " ")
        guard parts.count == 2, let fingerprint = Fingerprint(String(parts[1])) else { return nil }
        return (String(parts[0]), fingerprint)
    }

    private func lines() throws(Failure) -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        guard let data = FileManager.default.contents(atPath: path) else { throw failure("read") }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func replace(with lines: [String]) throws(Failure) {
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw failure("write")
        }
        let temporary = path + ".\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("write") }
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten, rename(temporary, path) == 0 else {
            unlink(temporary)
            throw failure("write")
        }
    }

    private func failure(_ verb: String) -> Failure {
        Failure(message: "Cannot \(verb) \(path): \(String(cString: strerror(errno))).")
    }
}
