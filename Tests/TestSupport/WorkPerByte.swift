import Foundation

/// Measures how the work of a function grows with the size of its input, which a stranger chooses. Absolute times depend on the machine, so
/// 16 short inputs are compared with one that is 16 times as long. Linear work takes the same time for both; quadratic work takes up to 16
/// times as long for the long one.
public enum WorkPerByte {
    /// The number of short inputs, and the factor of the long one's length.
    private static let times = 16
    /// Above the effect of caches and allocators on a long input, and below that of quadratic work.
    public static let bound = 4.0

    /// The processor time for the long input divided by that for all short ones: the smallest of several tries, because other load only
    /// increases it. Ends at the first try below ``bound``.
    /// - Parameters:
    ///   - text: makes a text of about so many bytes.
    ///   - bytes: the size of a short input; a sixteenth of the largest allowed input, if that is bounded.
    public static func growth<Input>(_ text: (Int) -> Input, from bytes: Int = 512, of work: (Input) -> Void) -> Double {
        let (short, long) = (text(bytes), text(bytes * times))
        var least = Double.infinity
        for _ in 0..<5 where least > bound {
            let many = processorTime { for _ in 0..<times { work(short) } }
            let one = processorTime { work(long) }
            // Below the clock's resolution there is no ratio.
            least = min(least, one / max(many, 1e-5))
        }
        return least
    }

    /// The processor time of this thread alone, seconds.
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

    /// The pieces of hostile texts: what begins, ends, separates, hides and joins.
    public static let pieces = [
        "\u{1B}P", "\u{1B}[", "\u{1B}[1;", "\u{1B}]0;", "\u{1B}\\", "\u{1B}", "\u{1B}(", "\u{90}", "\u{9B}1;", "\u{9C}", "\u{7}",
        "\u{1B}P\u{1B}\\", "\u{1B}P\u{1B}",
        "a", "A", "7", " ", "a ", "  a", ",", "a,", "#", "#a,", ":", " :", ";", "a=b;", "+a=\\s;", "=", "@", "!", "\\", "\\\\ ", "\"",
        "\"a ", "*", "a* ", "/", "-", "$", ".", "%",
        "\t", "\r", "\n", "\r\n", "\0", "e\u{301}", "\u{301}", "\u{200D}", "\u{200B}", "👩\u{200D}", "א", "\u{202E}", "\u{2028}", "\u{FEFF}",
        "日本",
    ]

    /// Texts of one repeated piece, and of a few pieces chosen by seed.
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
