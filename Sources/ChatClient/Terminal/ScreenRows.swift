/// Computes the rows of text that wraps at the edge of a terminal.
enum ScreenRows {
    /// The row of the position after `text`, counted from the row where the text begins, on a terminal with `columns` columns.
    ///
    /// - Parameter staysInFullRow: whether, after a full last row, the position is the end of that row and not the beginning of the next
    ///   one.
    ///
    /// The text counts as readline shows it: control characters as `^A`, tabs up to the next multiple of eight. A wide character that does
    /// not fit goes to the next row.
    static func below(_ text: String, columns: Int, staysInFullRow: Bool = false) -> Int {
        guard columns > 0 else { return 0 }
        let end = end(of: text, columns: columns)
        return end.column >= columns && !staysInFullRow ? end.row + 1 : end.row
    }

    /// The same row after a terminal has reflowed the text to another width. The cursor is after the last character, unless readline had to
    /// move it to another row, or it stood further left.
    static func belowReflowed(_ text: String, from before: Int, to now: Int, isAtEnd: Bool) -> Int {
        let wasFull = before > 0 && end(of: text, columns: before).column >= before
        return below(text, columns: now, staysInFullRow: isAtEnd && !wasFull)
    }

    /// - Returns: the position after `text`; if its row is full, the column is beyond the last cell.
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

    /// The columns of a character as readline shows it.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x20 || scalar.value == 0x7F ? 2 : DisplayWidth.columns(of: scalar)
    }
}

/// How terminals treat long rows when the window's width changes.
enum ReflowingTerminal {
    /// Whether the terminal reflows wrapped rows: all do except xterm, GNU screen and the consoles of Linux.
    static func reflows(_ environment: [String: String]) -> Bool {
        if environment["TMUX"] != nil { return true }
        return environment["XTERM_VERSION"] == nil && environment["STY"] == nil && environment["TERM"] != "linux"
    }
}
