import ChatProtocol
import Glibc

/// Detects a paste on a terminal without bracketed paste: input that comes faster than anybody types is one input.
struct PasteBurst {
    /// The complete lines so far.
    private var lines: [String] = []
    private let descriptor: Int32
    /// The longest pause within a paste in milliseconds: longer than between its pieces, shorter than between two keys.
    private static let pause: Int32 = 30

    /// - Parameter descriptor: the descriptor of the terminal.
    init(on descriptor: Int32) { self.descriptor = descriptor }

    var isEmpty: Bool { lines.isEmpty }

    /// Whether more input arrives within ``pause``.
    var hasMore: Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, PasteBurst.pause) > 0
    }

    /// Adds a line that is part of a burst.
    /// - Returns: false if the line stands alone: no line came just before it and no input comes just after it.
    mutating func append(_ line: String) -> Bool {
        guard !lines.isEmpty || hasMore else { return false }
        lines.append(line)
        return true
    }

    /// Ends the burst and returns its lines as one text.
    mutating func end() -> String {
        defer { lines = [] }
        return lines.joined(separator: "\n")
    }

    /// Whether a terminal of this kind supports bracketed paste (xterm's mode 2004): all do except the consoles of kernels and old
    /// terminals.
    static func isBracketed(by terminal: String?) -> Bool {
        let terminal = terminal ?? ""
        return !["linux", "vt1", "vt2", "vt52", "ansi", "cons", "sun", "dumb", "unknown"].contains { terminal.begins(with: $0) }
            && !terminal.isEmpty
    }
}
