import Testing

@testable import ChatClient

@Suite struct ScreenRowsTests {
    @Test(arguments: [
        ("", 10, 0), ("123456789", 10, 0), ("1234567890", 10, 1), ("12345678901", 10, 1), ("1\n2", 10, 1), ("12345678\t", 10, 1),
        ("\u{1}", 2, 1),
        ("yoda> ", 3, 2), ("anything", 0, 0),
    ])
    func whereTheCursorComesToStand(text: String, columns: Int, row: Int) {
        #expect(ScreenRows.below(text, columns: columns) == row)
    }

    @Test(arguments: [
        // Text drawn in one row: the position is at the end of a row that is full after the change, unless text follows the cursor.
        (60, 10, true, 0), (60, 10, false, 1), (60, 5, true, 1), (60, 9, true, 1),
        // readline has moved the cursor from a full row to the next one.
        (10, 5, true, 2), (5, 10, true, 1), (0, 10, true, 0),
    ])
    func whereItComesToStandInRowsWrappedAnew(before: Int, now: Int, isAtEnd: Bool, row: Int) {
        #expect(ScreenRows.belowReflowed("1234567890", from: before, to: now, isAtEnd: isAtEnd) == row)
    }

    @Test func terminalsThatLeaveTheirRowsAlone() {
        #expect(ReflowingTerminal.reflows(["TERM": "xterm-256color"]))
        #expect(!ReflowingTerminal.reflows(["TERM": "xterm-256color", "XTERM_VERSION": "XTerm(379)"]))
        #expect(!ReflowingTerminal.reflows(["TERM": "screen", "STY": "1.tty"]))
        #expect(ReflowingTerminal.reflows(["TERM": "screen", "STY": "1.tty", "TMUX": "/tmp/tmux"]))
        #expect(!ReflowingTerminal.reflows(["TERM": "linux"]))
    }
}
