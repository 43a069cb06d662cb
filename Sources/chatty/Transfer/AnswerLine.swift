import CLinux
import Foundation

/// Reads one line of standard input, until it arrives or the task is cancelled. What follows the line stays unread.
final class AnswerLine: Sendable {
    /// The most bytes of a line that are kept; no answer is longer.
    private static let limit = 4096
    /// The wait for SIGHUP after the loss of the terminal, in milliseconds.
    private static let hangUpGrace: Int32 = 1000
    /// A descriptor that becomes readable when the task is cancelled.
    private let wakeUp: Int32

    /// Returns nil if the process has no descriptor left.
    init?() {
        wakeUp = clinux_wakeup_make()
        guard wakeUp >= 0 else { return nil }
    }

    deinit { close(wakeUp) }

    /// - Returns: the line without its line end; nil if standard input has ended or the task was cancelled.
    func read() async -> String? {
        await withTaskCancellationHandler {
            // The read has a thread of its own, because it blocks as long as the person thinks.
            await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: self.line()) }.start()
            }
        } onCancel: {
            clinux_wakeup_signal(wakeUp)
        }
    }

    /// Whether a descriptor is a terminal, also one that is closed already: isatty(3) fails with EIO then.
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 || errno == EIO }

    private func line() -> String? {
        let isTerminal = Self.isTerminal(STDIN_FILENO)
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
                // A closed terminal is no answer: SIGHUP decides what happens.
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
