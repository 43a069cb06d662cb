import Glibc
import SystemSupport
import TransferProtocol

/// The offered name of a file or folder that the user gives by its path.
enum SourceName {
    /// The last part of the path; for a path without a name (`.`, `..`, `/`) the last part of the resolved path.
    /// - Throws: if the path does not exist, or if its name is missing, as that of `/`, or not UTF-8.
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

    /// Nil if the last part is not a name.
    private static func lastPart(of path: ByteString) -> ByteString? {
        guard let last = path.split(at: "/").last else { return nil }
        return last == "." || last == ".." ? nil : last
    }
}
