import CLinux
import Glibc

/// A failed system call: its number and what it was about.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32
    /// What could not be done: `open movie.mp4`.
    public let action: String

    /// Reads `errno`, so it must be made right after the call that failed.
    init(_ action: String, code: Int32 = errno) {
        self.code = code
        self.action = action
    }

    /// The disk, or the user's share of it, is full.
    var isForWantOfRoom: Bool { code == ENOSPC || code == EDQUOT }

    /// This process, or all of them together, have as many files open as they may.
    var isForWantOfDescriptors: Bool { code == EMFILE || code == ENFILE }

    /// The file system cannot have such a name.
    var isRefusedName: Bool { code == EINVAL || code == EILSEQ }

    /// The system's words for the code.
    public var reason: String {
        var buffer = [CChar](repeating: 0, count: 256)
        clinux_error_text(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public var description: String {
        "cannot \(action): \(code == EADDRINUSE ? "it is already in use; choose another port" : reason)"
    }
}

/// Repeats a system call that a signal interrupted.
@inline(__always) func retrying<Result: FixedWidthInteger & SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
