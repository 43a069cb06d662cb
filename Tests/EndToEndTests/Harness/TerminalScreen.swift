/// A terminal as a person sees it: carries out the control sequences that readline and the client use.
///
/// It knows the part of ECMA-48 for `TERM=xterm` that moves, erases, inserts and deletes; colours are ignored. A character is one column
/// wide unless it is combining (none) or East Asian wide (two).
struct TerminalScreen {
    let columns: Int
    let rows: Int
    private(set) var column = 0
    private(set) var row = 0
    private var cells: [[String]]
    /// The rows that have scrolled off at the top.
    private(set) var scrolledOff: [String] = []
    private var pending: [UInt8] = []

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    /// The rows as text, without trailing blanks and without empty rows at the bottom.
    var lines: [String] {
        var lines = cells.map(Self.text)
        while lines.last == "" { lines.removeLast() }
        return lines
    }

    /// All text that was shown and not erased: the rows that have scrolled off and then `lines`.
    var transcript: [String] { scrolledOff + lines }

    /// The row of the cursor.
    var cursorLine: String { Self.text(cells[row]) }

    private static func text(_ cells: [String]) -> String {
        var text = cells.joined()
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    mutating func feed(_ bytes: [UInt8]) {
        var scalars = ArraySlice(Array(String(decoding: pending + bytes, as: UTF8.self).unicodeScalars))
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\u{1b}": escape(&scalars)
            case "\r": column = 0
            case "\n": lineFeed()
            case "\u{8}": column = max(0, column - 1)
            case "\t": column = min(columns - 1, (column / 8 + 1) * 8)
            default: if scalar.value >= 0x20, scalar.value != 0x7f { put(scalar) }
            }
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        let width = Self.width(scalar)
        if width == 0 {
            cells[row][max(0, column - 1)].unicodeScalars.append(scalar)
            return
        }
        if column + width > columns {
            column = 0
            lineFeed()
        }
        cells[row][column] = String(scalar)
        for offset in 1..<max(width, 1) where column + offset < columns { cells[row][column + offset] = "" }
        column += width
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0x1f300...0x1faff:
            return 2
        default: return 1
        }
    }

    private mutating func lineFeed() {
        guard row == rows - 1 else {
            row += 1
            return
        }
        scrolledOff.append(Self.text(cells.removeFirst()))
        cells.append(Array(repeating: " ", count: columns))
    }

    private mutating func escape(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        guard let next = scalars.popFirst() else { return }
        if next == "]" {  // An operating system command, such as the window's title, up to BEL or ST.
            while let scalar = scalars.popFirst(), scalar != "\u{7}", scalar != "\\" {}
            return
        }
        guard next == "[" else {
            if "()#".unicodeScalars.contains(next) { _ = scalars.popFirst() }
            return
        }
        var text = ""
        while let scalar = scalars.popFirst() {
            guard !(0x40...0x7e).contains(scalar.value) else { return control(scalar, text) }
            text.unicodeScalars.append(scalar)
        }
    }

    private mutating func control(_ final: Unicode.Scalar, _ text: String) {
        let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        let count = max(1, numbers.first ?? 1)
        switch final {
        case "A": row = max(0, row - count)
        case "B": row = min(rows - 1, row + count)
        case "C": column = min(columns - 1, column + count)
        case "D": column = max(0, min(columns, column) - count)
        case "G": column = min(columns, count) - 1
        case "H", "f":
            row = min(rows, count) - 1
            column = min(columns, max(1, numbers.count > 1 ? numbers[1] : 1)) - 1
        case "J": eraseScreen(numbers.first ?? 0)
        case "K": eraseLine(numbers.first ?? 0)
        case "P":
            guard column < columns else { return }
            cells[row].removeSubrange(column..<min(columns, column + count))
            cells[row] += Array(repeating: " ", count: columns - cells[row].count)
        case "@":
            guard column < columns else { return }
            cells[row].insert(contentsOf: Array(repeating: " ", count: count), at: column)
            cells[row].removeLast(cells[row].count - columns)
        default: break
        }
    }

    private mutating func eraseLine(_ mode: Int) {
        let from = mode == 0 ? min(column, columns) : 0
        let to = mode == 1 ? min(column + 1, columns) : columns
        for index in from..<to { cells[row][index] = " " }
    }

    private mutating func eraseScreen(_ mode: Int) {
        eraseLine(mode)
        let others = mode == 0 ? (row + 1)..<rows : 0..<(mode == 1 ? row : rows)
        for index in others { cells[index] = Array(repeating: " ", count: columns) }
    }
}
