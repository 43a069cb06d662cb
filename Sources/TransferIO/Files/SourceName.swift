import Glibc
import SystemSupport
import TransferProtocol

/// What a file or folder that the user names is called.
enum SourceName {
    /// The last part of the path. Where that says only where to look (`.`, `..`, `/`), what the folder is really called.
    /// - Throws: where there is no such thing, or it has no name, as `/` has none, or one that is not UTF-8 and so cannot be said to a receiver.
    static func of(_ path: some SystemPath) throws -> String {
        if let last = lastPart(of: path.pathBytes) {
            guard let name = last.text else { throw SourceError.withoutName(path.pathBytes.description) }
            return name
        }
        guard let resolved = path.pathBytes.withCString({ realpath($0, nil) }) else { throw SystemError("open \(path.pathBytes)") }
        defer { free(resolved) }
        guard let name = lastPart(of: ByteString(cString: resolved))?.text else { throw SourceError.nameless(path.pathBytes.description) }
        return name
    }

    /// Nil where it is no name.
    private static func lastPart(of path: ByteString) -> ByteString? {
        guard let last = path.split(at: "/").last else { return nil }
        return last == "." || last == ".." ? nil : last
    }
}
