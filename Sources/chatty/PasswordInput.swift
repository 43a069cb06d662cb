import CLinux
import ChatProtocol
import ChatServer
import Foundation
import SystemSupport

/// Reads a new password from a file, stdin, or the terminal without echo, as the command line says.
enum PasswordInput {
    enum Outcome {
        case password(String)
        /// Ctrl-C at the prompt.
        case interrupted
        case failed(String)
    }

    /// - Parameter file: the value of `--password-file` as a ``TextPath``; `-` is stdin.
    static func read(file: String?) -> Outcome {
        if let file, file != "-" {
            do {
                return firstLine(of: try SmallFile.read("The password file", file, limit: 1 << 16))
            } catch {
                return .failed(Printable.text(error.description))
            }
        }
        guard isatty(STDIN_FILENO) == 1 else { return firstLine(of: readLineBytes()) }
        switch ask("Password: ") {
        case .password(let first):
            switch ask("Again: ") {
            case .password(let second): return first == second ? .password(first) : .failed("The two passwords are not the same.")
            case let other: return other
            }
        case let other: return other
        }
    }

    /// Asks once, on the terminal that is stdin.
    static func ask(_ prompt: String) -> Outcome {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return .failed("The terminal cannot be read.") }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO | ISIG)
        // Ctrl-C is read as a character that ends the line, so that the terminal always gets its echo back.
        withUnsafeMutableBytes(of: &silent.c_cc) { $0[Int(VEOL)] = 0x03 }
        // A signal that ends the program at the prompt restores the echo, too.
        let fatal = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
        let signals = fatal.withUnsafeBufferPointer { clinux_signals_open($0.baseAddress, $0.count) }
        defer { clinux_signals_close() }
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else { return .failed("The terminal's echo cannot be turned off.") }
        Diagnostics.write(prompt, to: STDERR_FILENO)
        let line = readLineBytes { untilReadable(or: signals, restoring: before) }
        let isRestored = tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) == 0
        Diagnostics.write("\n", to: STDERR_FILENO)
        guard isRestored else { return .failed("The terminal's echo cannot be turned on again.") }
        return line.contains(0x03) ? .interrupted : firstLine(of: line)
    }

    /// Reads up to a line end, the end of stdin, or Ctrl-C, and nothing beyond it, which other readers may need.
    /// - Parameter wait: called before each byte.
    private static func readLineBytes(wait: () -> Void = {}) -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 1 << 16 {
            wait()
            let count = Foundation.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != 0x0A else { break }
            line.append(byte)
            if byte == 0x03 { break }
        }
        return line
    }

    /// Waits for input. A signal that comes first has its default effect after the terminal has been restored.
    private static func untilReadable(or signals: Int32, restoring before: termios) {
        guard signals >= 0 else { return }
        var before = before
        var polled = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0), pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&polled, nfds_t(polled.count), -1) < 0, errno == EINTR {}
        var number: UInt8 = 0
        guard polled[1].revents != 0, Foundation.read(signals, &number, 1) == 1 else { return }
        _ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        clinux_signals_end_process(Int32(number))
    }

    private static func firstLine(of bytes: [UInt8]) -> Outcome {
        var line = bytes.withoutByteOrderMark.prefix { $0 != 0x0A }
        if line.last == 0x0D { line.removeLast() }
        guard let text = String(validating: line, as: UTF8.self) else { return .failed("The password is not UTF-8 text.") }
        if let defect = PasswordRule.defect(of: text) { return .failed(defect.text) }
        return .password(text)
    }
}
