import ChatProtocol
import Glibc
import SystemSupport

/// The file of `--log`: all that is shown and typed, appended, readable by its owner only. Each session begins with its time and its
/// server, and each day with its date: in local time for a terminal, else in UTC, and as events for JSON.
final class Transcript {
    struct Failure: Error {
        /// The system's text for the error.
        let reason: String
    }

    private let descriptor: Int32
    private let kind: ConsoleFormatter.Kind
    private let now: @Sendable () -> Timestamp
    private let clock: LocalTime.Clock
    private var day: String

    /// - Parameters:
    ///   - place: the server, named in the line that begins the session.
    ///   - kind: the form of the lines.
    init(
        path: String, of place: String, kind: ConsoleFormatter.Kind, now: @escaping @Sendable () -> Timestamp,
        clock: @escaping LocalTime.Clock = LocalTime.system
    ) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(reason: SystemError.text()) }
        self.descriptor = descriptor
        self.kind = kind
        self.now = now
        self.clock = clock
        day = Transcript.day(of: now(), kind, clock)
        switch kind {
        case .json: write(JSONLine.of(["event": .text("opened"), "time": .text(now().iso8601), "text": .text(place)]))
        case .plain: write("--- \(now()), \(place) ---")
        case .terminal: write("--- \(day) \(clock(now()).time), \(place) ---")
        }
    }

    deinit { close(descriptor) }

    /// Appends lines that were shown, without their colours. An error such as a full disk ends the transcript, not the session.
    func add(_ lines: String) {
        let text = Transcript.plain(lines)
        beginDay(before: text)
        write(text)
    }

    /// Appends a text that was shown on stderr.
    func add(diagnostic text: String) { add(text.pieces(between: "\n").map { "chatty: " + $0 }.joined(separator: "\n")) }

    /// Appends a line that was typed.
    /// - Parameter prompt: the prompt before the line; empty if there was none.
    func add(typed line: String, behind prompt: String) {
        if kind == .json {
            add(JSONLine.of(["event": .text("typed"), "text": .text(line)]))
        } else {
            add((prompt.isEmpty ? "> " : prompt) + SafeText.shown(line, isolates: false))
        }
    }

    private func beginDay(before text: String) {
        let today = Transcript.day(of: now(), kind, clock)
        guard today != day else { return }
        day = today
        let mark = "--- \(today) ---"
        if kind == .json {
            write(JSONLine.of(["event": .text("day"), "time": .text(now().iso8601)]))
        } else if !text.begins(with: mark) {
            write(mark)
        }
    }

    private static func day(of time: Timestamp, _ kind: ConsoleFormatter.Kind, _ clock: LocalTime.Clock) -> String {
        if case .terminal = kind { clock(time).date } else { String(time.description.prefix(10)) }
    }

    private func write(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }

    private static func plain(_ line: String) -> String {
        guard line.utf8.contains(0x1B) else { return line }
        var out = ""
        var inSequence = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                inSequence = true
            } else if inSequence {
                if scalar == "m" { inSequence = false }
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
