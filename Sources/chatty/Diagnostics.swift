import CLinux
import ChatClient
import Foundation
import SystemSupport

/// Output of a command: results to stdout, diagnostics to stderr with `chatty: ` before each line.
enum Diagnostics {
    /// Writes an error or an important notice to stderr.
    static func report(_ message: String) {
        write(message.split(separator: "\n", omittingEmptySubsequences: false).map { "chatty: \($0)\n" }.joined(), to: STDERR_FILENO)
    }

    /// Writes results to stdout, at once and whole.
    /// - Returns: false if the pipe is broken or the disk is full; then the caller ends.
    @discardableResult
    static func output(_ text: String) -> Bool {
        if write(text, to: STDOUT_FILENO) { return true }
        let code = errno
        if code != EPIPE { report("Cannot write: \(SystemError.text(code)).") }
        return false
    }

    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { clinux_write_all(descriptor, $0.baseAddress, $0.count) == 0 }
    }
}
