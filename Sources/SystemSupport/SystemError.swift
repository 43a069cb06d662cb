import CLinux
import Glibc

/// A failed system call, with its error number.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32
    /// The action that failed, such as `open movie.mp4`.
    public let action: String

    /// Reads `errno` by default, so create it directly after the failed call.
    public init(_ action: String, code: Int32 = errno) {
        self.code = code
        self.action = action
    }

    /// Whether the disk, or the user's quota of it, is full.
    public var isForWantOfRoom: Bool { code == ENOSPC || code == EDQUOT }

    /// Whether this process or the system has no descriptor left.
    public var isForWantOfDescriptors: Bool { code == EMFILE || code == ENFILE }

    /// Whether the file system does not allow such a name.
    public var isRefusedName: Bool { code == EINVAL || code == EILSEQ }

    public var description: String {
        "cannot \(action): \(code == EADDRINUSE ? "it is already in use; choose another port" : SystemError.text(code))"
    }

    /// The system's text for an error number, such as `No such file or directory`. Unlike strerror(3), it is thread-safe.
    public static func text(_ code: Int32 = errno) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        clinux_error_text(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Repeats a system call that was interrupted by a signal.
@inlinable @inline(__always) public func retrying<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
