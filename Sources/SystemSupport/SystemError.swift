import CLinux
import Glibc

/// A failed system call: its number and what it was about.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32
    /// What could not be done: `open movie.mp4`.
    public let action: String

    /// Reads `errno`, so it must be made right after the call that failed.
    public init(_ action: String, code: Int32 = errno) {
        self.code = code
        self.action = action
    }

    /// The disk, or the user's share of it, is full.
    public var isForWantOfRoom: Bool { code == ENOSPC || code == EDQUOT }

    /// This process, or all of them together, have as many files open as they may.
    public var isForWantOfDescriptors: Bool { code == EMFILE || code == ENFILE }

    /// The file system cannot have such a name.
    public var isRefusedName: Bool { code == EINVAL || code == EILSEQ }

    public var description: String {
        "cannot \(action): \(code == EADDRINUSE ? "it is already in use; choose another port" : SystemError.text(code))"
    }

    /// The system's words for an error number, `No such file or directory` say. Unlike strerror(3), from any thread.
    public static func text(_ code: Int32 = errno) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        clinux_error_text(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Repeats a system call that a signal interrupted.
@inlinable @inline(__always) public func retrying<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
