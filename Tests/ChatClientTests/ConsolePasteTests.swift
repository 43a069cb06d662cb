import ChatProtocol
import Testing

@testable import ChatClient

/// Several lines that are pasted at once.
@Suite struct ConsolePasteTests {
    private static let time = Timestamp(iso8601: "2026-01-31T10:34:56Z") ?? Timestamp(milliseconds: 0)

    @Test func manyPastedLinesAreAskedAbout() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/talk luke")
        #expect(play.type("one\ntwo\n\nthree") == ["? Send these 3 lines to luke? (yes/no) "])
        #expect(play.type("no") == ["? yoda → luke> "])
        _ = play.type("one\ntwo")
        #expect(play.type("yes") == ["1 PRIVMSG luke :one", "2 PRIVMSG luke :two", "? yoda → luke> "])
        // One line that was copied with its line end counts as typed.
        #expect(play.type("just one\n") == ["3 PRIVMSG luke :just one"])
    }

    @Test(arguments: ["\n", "\r", "\r\n"]) func pastedLinesAreTextWhateverTheyBeginWith(end: String) {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/talk #jedi")
        let lines = ["/away x", "    // b", "//c", "/", "/logout", "a\u{2028}b"]
        #expect(play.type(lines.joined(separator: end)) == ["? Send these 6 lines to #jedi? (yes/no) "])
        #expect(
            play.type("yes") == lines.enumerated().map { "\($0.offset + 1) PRIVMSG #jedi :\($0.element)" } + ["? yoda → #jedi> "])
    }

    @Test func aPasteGoesNowhereWhileNobodyIsTalkedTo() {
        var play = ConsoleTranscript()
        play.logIn()
        let hint = "| Choose whom to talk to: /talk NAME or /talk #GROUP. /help lists the commands."
        #expect(play.type("one\n/away two") == [hint])
        #expect(play.type("hello") == [hint])
    }

    @Test func aPasteGoesWhereItWasAskedAbout() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/msgto hans a")
        _ = play.answer(1, .sent(to: "hans", at: Self.time))
        _ = play.type("/joingroup sith")
        _ = play.type("one\ntwo")
        #expect(play.answer(2, .notInvited("sith")) == ["| You were not invited to the group chat sith."])
        #expect(play.type("yes") == ["3 PRIVMSG #sith :one", "4 PRIVMSG #sith :two", "? yoda → hans> "])
    }

    @Test func whatIsTypedBehindALongPasteComesBehindIt() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/talk hans")
        _ = play.type((1...40).map { "line \($0)" }.joined(separator: "\n"))
        _ = play.type("yes")
        #expect(play.type("/groups") == ["? yoda → hans (41 pending)> "])
        for id in 1...8 { _ = play.answer(UInt64(id), .sent(to: "hans", at: Self.time)) }
        #expect(
            play.answer(9, .sent(to: "hans", at: Self.time)) == [
                "| Message to hans sent at 12:34.", "41 GROUPS", "? yoda → hans> ",
            ])
    }

    @Test func whatIsTypedBehindPasswdIsNoMessage() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/talk hans")
        _ = play.type((1...33).map { "line \($0)" }.joined(separator: "\n"))
        _ = play.type("yes")
        for line in ["/passwd", "old", "new"] { _ = play.type(line) }
        _ = play.answer(1, .sent(to: "hans", at: Self.time))
        #expect(play.answer(2, .sent(to: "hans", at: Self.time)).contains("| 2 lines were not sent."))
        #expect(play.console.phase == .changingPassword([]))
    }
}
