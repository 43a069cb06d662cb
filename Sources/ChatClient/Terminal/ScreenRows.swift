@preconcurrency import CReadline
import Glibc

/// Where text that wraps at the edge of a terminal comes to stand.
enum ScreenRows {
    /// The row, counted from the one it begins in, of the place behind `text` on a terminal that is so many columns wide.
    ///
    /// As readline shows a line: control characters as `^A`, tabs to the next multiple of eight, line ends as such. A wide character that does not fit goes to the next row.
    static func below(_ text: String, columns: Int) -> Int {
        guard columns > 0 else { return 0 }
        var row = 0
        var column = 0
        for scalar in text.unicodeScalars {
            guard scalar != "\n" else {
                row += 1
                column = 0
                continue
            }
            let width = scalar == "\t" ? 8 - column % 8 : width(scalar)
            if column + width > columns {
                row += 1
                column = 0
            }
            column += width
        }
        // A full row has its cursor in the next one.
        return column >= columns ? row + 1 : row
    }

    /// By the locale's tables, as readline has it.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x20 || scalar.value == 0x7F { return 2 }
        return max(0, Int(wcwidth(wchar_t(bitPattern: scalar.value))))
    }
}

/// What terminals do to rows that are too long when their window changes.
enum ReflowingTerminal {
    /// Whether rows that were wrapped are wrapped anew: all do but xterm, GNU screen and the consoles of Linux.
    static func reflows(_ environment: [String: String]) -> Bool {
        if environment["TMUX"] != nil { return true }
        return environment["XTERM_VERSION"] == nil && environment["STY"] == nil && environment["TERM"] != "linux"
    }
}
