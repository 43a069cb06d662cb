import ChatProtocol
import Glibc

/// A paste on a terminal that puts no brackets around it: what comes faster than anybody types is one input, as it is in brackets.
struct PasteBurst {
    /// The whole lines so far.
    private var lines: [String] = []
    private let descriptor: Int32
    /// Longer than the pieces of a paste are apart, shorter than a key is from the next; milliseconds.
    private static let pause: Int32 = 30

    /// - Parameter descriptor: the terminal's.
    init(on descriptor: Int32) { self.descriptor = descriptor }

    var isEmpty: Bool { lines.isEmpty }

    /// Whether more comes at once.
    var goesOn: Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, PasteBurst.pause) > 0
    }

    /// Takes a line as part of a burst.
    /// - Returns: false where it is none: neither did something come at once before it, nor does it behind it.
    mutating func append(_ line: String) -> Bool {
        guard !lines.isEmpty || goesOn else { return false }
        lines.append(line)
        return true
    }

    /// Gives all that was taken, as one text.
    mutating func end() -> String {
        defer { lines = [] }
        return lines.joined(separator: "\n")
    }

    /// Whether a terminal of that kind puts brackets around pastes where it is asked to (xterm's mode 2004): all do but the consoles of kernels and
    /// those of old.
    static func isBracketed(by terminal: String?) -> Bool {
        let terminal = terminal ?? ""
        return !["linux", "vt1", "vt2", "vt52", "ansi", "cons", "sun", "dumb", "unknown"].contains { terminal.begins(with: $0) }
            && !terminal.isEmpty
    }
}
