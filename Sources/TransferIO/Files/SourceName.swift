import Glibc
import TransferProtocol

/// What a file or folder that the user names is called.
enum SourceName {
    /// The last part of the path. Where that says only where to look (`.`, `..`, `/`), what the folder is really called.
    /// - Throws: where there is no such thing, or it has no name, as `/` has none.
    static func of(_ path: String) throws -> String {
        if let last = lastPart(of: Array(path.utf8)) { return String(decoding: last, as: UTF8.self) }
        guard let resolved = realpath(path, nil) else { throw SystemError("open \(path)") }
        defer { free(resolved) }
        let bytes = UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map { UInt8(bitPattern: $0) }
        guard let last = lastPart(of: bytes), let name = String(validating: last, as: UTF8.self) else { throw SourceError.nameless(path) }
        return name
    }

    /// Nil where it is no name. Bytes, for that is what the system sees.
    private static func lastPart(of path: [UInt8]) -> [UInt8]? {
        guard let last = path.split(separator: UInt8(ascii: "/")).last else { return nil }
        return last.elementsEqual(".".utf8) || last.elementsEqual("..".utf8) ? nil : Array(last)
    }
}
