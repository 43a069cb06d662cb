import CLinux
import Glibc

/// The system's text for an error number, usable on any thread, unlike strerror(3).
public enum ErrorText {
    /// `No such file or directory`.
    public static func of(_ code: Int32 = errno) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        clinux_error_text(code, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
