import ChatProtocol
import Glibc
import SystemSupport

/// The folder of a server's data: its store, its TLS identity, and the lock that admits one server at a time.
public struct DataFolder: Hashable, Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// The path of a file in the folder.
    public func file(_ name: String) -> String { path + "/" + name }

    var database: String { file("chatty.db") }
    var lockFile: String { file("lock") }

    /// Creates the folder and its parents, if missing. Only its owner may read it (0700).
    ///
    /// An existing folder with other contents keeps its mode. The files created in it are private themselves.
    public func prepare() throws(UserFacingError) {
        try makeParents()
        if mkdir(path, 0o700) == 0 { return }
        guard errno == EEXIST else { throw failure(errno) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw UserFacingError("The data folder \(path) is not a folder.") }
        guard access(path, R_OK | W_OK | X_OK) == 0 else { throw failure(errno) }
        if try isEmpty() || access(database, F_OK) == 0 { _ = chmod(path, 0o700) }
    }

    /// Whether the folder holds a store.
    public var hasStore: Bool { access(database, F_OK) == 0 }

    private func makeParents() throws(UserFacingError) {
        var prefix = path.begins(with: "/") ? "" : "."
        for component in path.pieces(between: "/").dropLast() {
            prefix += "/" + component
            if mkdir(prefix, 0o755) != 0, errno != EEXIST { throw failure(errno) }
        }
    }

    private func isEmpty() throws(UserFacingError) -> Bool {
        guard let stream = opendir(path) else { throw failure(errno) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { return false }
        }
        return true
    }

    func failure(_ code: Int32) -> UserFacingError { .system("The data folder \(path) cannot be used", code) }
}
