import CLinux
import Foundation

/// One line of standard input, waited for until it comes or nobody wants it any more. What follows it stays where it is.
final class AnswerLine: Sendable {
    /// Longer lines are cut: no answer has so many bytes.
    private static let limit = 4096
    /// After the loss of the terminal, for the signal that goes with it, milliseconds.
    private static let hangUpGrace: Int32 = 1000
    /// Readable when the task was cancelled.
    private let wakeUp: Int32

    /// Nil where the system has no descriptor left.
    init?() {
        wakeUp = clinux_wakeup_make()
        guard wakeUp >= 0 else { return nil }
    }

    deinit { close(wakeUp) }

    /// - Returns: without the line end; nil where standard input has ended, or the task was cancelled.
    func read() async -> String? {
        await withTaskCancellationHandler {
            // A thread of its own: reading waits as long as the person thinks.
            await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: self.line()) }.start()
            }
        } onCancel: {
            clinux_wakeup_signal(wakeUp)
        }
    }

    private func line() -> String? {
        let isTerminal = isatty(STDIN_FILENO) == 1
        var bytes: [UInt8] = []
        while true {
            var entries = [
                pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0), pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&entries, 2, -1) < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if entries[0].revents != 0 { return nil }
            if isTerminal, entries[1].revents & Int16(POLLHUP) != 0 {
                // The terminal was closed, which is no answer: SIGHUP says what to do.
                _ = poll(&entries, 1, Self.hangUpGrace)
                return nil
            }
            var byte: UInt8 = 0
            let count = Foundation.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count < 1 { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
            if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
            if bytes.count < Self.limit { bytes.append(byte) }
        }
    }
}
