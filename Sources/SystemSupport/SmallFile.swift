import Glibc

/// Reads and writes whole files.
public enum SmallFile {
    /// Reads a file.
    /// - Parameters:
    ///   - what: the file's name for people, as the start of an error: `The credentials file`.
    ///   - path: the path of a file, or of a pipe, which is read to its end.
    ///   - limit: the longest allowed file, bytes.
    /// - Throws: an error in one line that names the file.
    public static func read(_ what: String, _ path: String, limit: Int = 64 << 20) throws(UserFacingError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(what, path, "read", errno) }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return contents }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(what, path, "read", errno)
            }
            contents.append(contentsOf: buffer[..<count])
            guard contents.count <= limit else { throw UserFacingError("\(what) \(path) cannot be read: it is longer than \(limit) bytes") }
        }
    }

    /// Creates or replaces a file that only its owner can read. The write is atomic.
    /// - Parameter isSynced: whether the file must survive a power cut.
    /// - Throws: an error in one line that names the file.
    public static func write(_ what: String, _ path: String, _ contents: [UInt8], isSynced: Bool = true) throws(UserFacingError) {
        let unfinished = path + ".part"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(what, path, "written", errno) }
        var rest = contents[...]
        var code: Int32 = 0
        while code == 0, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { code = errno }
        }
        if code == 0, isSynced, fsync(descriptor) != 0 { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        if code == 0, rename(unfinished, path) != 0 { code = errno }
        guard code == 0 else { throw failure(what, path, "written", code) }
    }

    private static func failure(_ what: String, _ path: String, _ verb: String, _ code: Int32) -> UserFacingError {
        .system("\(what) \(path) cannot be \(verb)", code)
    }
}
