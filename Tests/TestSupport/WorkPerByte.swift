import Foundation

/// How the work of a function grows with the bytes that a stranger gives it: no time is asserted, for that is the machine's affair, but 16 pieces are compared with one that is
/// 16 times as long. Where the work is linear both take the same; where it is quadratic the long one takes up to 16 times as much.
public enum WorkPerByte {
    /// Of the short ones, and how many of them make the long one.
    private static let times = 16
    /// Between what caches and allocators do to one long text, and what a quadratic function does.
    public static let bound = 4.0

    /// Processor time for the long one, for that of the short ones in all; of several tries the smallest, for what else goes on in the machine only makes it larger, but no more
    /// of them than are needed to come below ``bound``.
    /// - Parameters:
    ///   - text: of about so many bytes.
    ///   - bytes: of the short one; a sixteenth of what is taken at all, where that is bounded.
    public static func growth<Input>(_ text: (Int) -> Input, from bytes: Int = 512, of work: (Input) -> Void) -> Double {
        let (short, long) = (text(bytes), text(bytes * times))
        var least = Double.infinity
        for _ in 0..<5 where least > bound {
            let many = processorTime { for _ in 0..<times { work(short) } }
            let one = processorTime { work(long) }
            // A clock that has not moved tells nothing.
            least = min(least, one / max(many, 1e-5))
        }
        return least
    }

    /// Of this thread alone, seconds.
    private static func processorTime(_ work: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        work()
        return now() - start
    }

    /// What texts of strangers are put together from: what begins, ends, separates, hides and joins.
    public static let pieces = [
        "\u{1B}P", "\u{1B}[", "\u{1B}[1;", "\u{1B}]0;", "\u{1B}\\", "\u{1B}", "\u{1B}(", "\u{90}", "\u{9B}1;", "\u{9C}", "\u{7}",
        "\u{1B}P\u{1B}\\", "\u{1B}P\u{1B}",
        "a", "A", "7", " ", "a ", "  a", ",", "a,", "#", "#a,", ":", " :", ";", "a=b;", "+a=\\s;", "=", "@", "!", "\\", "\\\\ ", "\"",
        "\"a ", "*", "a* ", "/", "-", "$", ".", "%",
        "\t", "\r", "\n", "\r\n", "\0", "e\u{301}", "\u{301}", "\u{200D}", "\u{200B}", "👩\u{200D}", "א", "\u{202E}", "\u{2028}", "\u{FEFF}",
        "日本",
    ]

    /// Texts of one piece over and over, and of a few of them by seeds.
    public static func texts(_ prefix: String = "", seeds: UInt64 = 8) -> [(name: String, text: @Sendable (Int) -> String)] {
        var random = SeededGenerator(seed: 7)
        let mixed = (0..<seeds).map { _ in
            (0..<Int.random(in: 2...4, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }.joined()
        }
        return (pieces + mixed).map { piece in
            (prefix + piece, { bytes in prefix + String(repeating: piece, count: max(1, bytes / piece.utf8.count)) })
        }
    }
}
