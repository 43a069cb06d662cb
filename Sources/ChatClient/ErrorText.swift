import CLinux
import Glibc

/// The system's words for an error number. Unlike strerror(3), from any thread.
public enum ErrorText {
    /// `No such file or directory`.
    public static func of(_ code: Int32 = errno) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        clinux_error_text(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
