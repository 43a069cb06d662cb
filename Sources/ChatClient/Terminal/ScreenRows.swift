/// Where text that wraps at the edge of a terminal comes to stand.
enum ScreenRows {
    /// The row, counted from the one it begins in, of the place behind `text` on a terminal that is so many columns wide.
    ///
    /// - Parameter staysInFullRow: where the last row is full, the place is that row's end and not the next row's beginning.
    ///
    /// As readline shows a line: control characters as `^A`, tabs to the next multiple of eight, line ends as such. A wide character that does not fit goes to the next row.
    static func below(_ text: String, columns: Int, staysInFullRow: Bool = false) -> Int {
        guard columns > 0 else { return 0 }
        let end = end(of: text, columns: columns)
        return end.column >= columns && !staysInFullRow ? end.row + 1 : end.row
    }

    /// What its rows are wrapped to on a terminal that does so is the text as it was drawn: with the cursor behind its last character, unless readline had to put
    /// it into another row, or it stood further left.
    static func belowReflowed(_ text: String, from before: Int, to now: Int, isAtEnd: Bool) -> Int {
        let wasFull = before > 0 && end(of: text, columns: before).column >= before
        return below(text, columns: now, staysInFullRow: isAtEnd && !wasFull)
    }

    /// - Returns: the column is that of no cell where the row is full.
    private static func end(of text: String, columns: Int) -> (row: Int, column: Int) {
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
        return (row, column)
    }

    /// As readline has it.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x20 || scalar.value == 0x7F ? 2 : DisplayWidth.columns(of: scalar)
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
