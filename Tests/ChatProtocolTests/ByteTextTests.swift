import ChatProtocol
import Testing

/// Names and delimiters are compared by bytes: a combining mark after a delimiter does not hide it, and texts that Unicode calls equivalent
/// are different.
struct ByteTextTests {
    @Test func aDelimiterIsOneWhateverStandsBehindIt() {
        #expect("a,\u{301}b,c".pieces(between: ",").map { Array($0.utf8) } == ["a", "\u{301}b", "c"].map { Array($0.utf8) })
        #expect("a,,b,".pieces(between: ",") == ["a", "b"])
        #expect("a,,b,".pieces(between: ",", omittingEmpty: false) == ["a", "", "b", ""])
        #expect("a\r\nb".pieces(between: "\n") == ["a\r", "b"])
        #expect("yoda!\u{301}y@h".upTo("!") == "yoda" && "yoda".upTo("!") == "yoda")
        #expect("x\u{301}=\u{301}".holds("=") && !"x\u{301}".holds("="))
    }

    @Test func startsAndEndsAreBytes() {
        #expect("#\u{301}a".begins(with: "#") && "#\u{301}a".rest(behind: "#").map { Array($0.utf8) } == Array("\u{301}a".utf8))
        #expect("a".rest(behind: "#") == nil && "".rest(behind: "") == "")
        #expect("a\r\n".ends(with: "\n") && "a\r\n".rest(before: "\n") == "a\r" && "a".rest(before: "ba") == nil)
        #expect(!"e\u{301}".ends(with: "é") && !"é".begins(with: "e"))
        #expect(!"e\u{301}".isSame(as: "é") && !"\u{212A}".isSame(as: "K") && "K".isSame(as: "K"))
    }

    @Test func spacesAroundAreTakenAwayAndNoneWithin() {
        #expect(" \t a b \t".withoutSpacesAround == "a b" && " \t".withoutSpacesAround == "")
        #expect(Array("a \u{308}".withoutSpacesAround.utf8) == Array("a \u{308}".utf8))
        #expect(Array(" \u{308}a ".withoutSpacesAround.utf8) == Array("\u{308}a".utf8))
    }

    /// `ß`, `ı` and `ſ` become ASCII letters in Unicode's upper case; words of a protocol must not.
    @Test func upperCaseIsThatOfASCII() {
        #expect("plain1é".asciiUppercased == "PLAIN1é" && "ıſß".asciiUppercased == "ıſß")
    }

    @Test func wordsOfTheProtocolAreReadByBytes() throws {
        let message = try IRCMessage(parsing: Array(":yoda!\u{301}y@h PRIVMSG luke :x".utf8))
        #expect(message.nick == "yoda")
        #expect(try SlashCommand("/help", client: false) == .help(nil))
        #expect(throws: SlashCommand.Defect.unknown("/\u{301}help")) { try SlashCommand("/\u{301}help", client: false) }
        #expect(PasswordRule.defect(of: ResumeTokenText.prefix + "\u{301}" + String(repeating: "0", count: 62)) == .resumeToken)
        let list = try IRCMessage(parsing: Array("NOTE X GROUP_CREATED g a,b :x".utf8))
        #expect(Reply(list) == .groupCreated("g", members: ["a", "b"]))
        let away = try IRCMessage(parsing: Array("NOTE X AWAY luke :luke is away: \u{301}x".utf8))
        guard case .away("luke", let text)? = Reply(away) else {
            Issue.record("no reply")
            return
        }
        #expect(Array(text.utf8) == Array("\u{301}x".utf8))
    }
}
