import ChatProtocol
import TestSupport
import Testing

@testable import ChatClient

/// Input from a server is split by bytes, in time that is linear in their number.
@Suite struct IncomingBytesTests {
    @Test func namesEndWhereTheirDelimiterStands() throws {
        var play = SessionTranscript()
        play.logIn()
        func received(_ line: String) throws -> ReceivedMessage? { try play.session.received(IRCMessage(parsing: Array(line.utf8))) }
        let toGroup = try #require(try received(":luke!luke@chatty PRIVMSG #\u{301}a :hi"))
        guard case .group(let group) = toGroup.conversation else {
            Issue.record("to no group")
            return
        }
        #expect(Array(group.utf8) == Array("\u{301}a".utf8))
        #expect(try received(":luke!\u{301}luke@chatty PRIVMSG yoda :hi")?.from == "luke")
    }

    /// A CTCP ACTION whose text begins with a combining mark.
    @Test func anActionIsKnownByItsBytes() {
        var play = SessionTranscript()
        play.logIn()
        let shown = play.server(":luke!luke@chatty PRIVMSG yoda :\u{1}ACTION \u{301}waves\u{1}").joined()
        #expect(!shown.contains("ACTION"))
        #expect(Array(shown.utf8).firstRange(of: Array("/me \u{301}waves".utf8)) != nil, "\(shown.debugDescription)")
    }

    @Test(.longComputation) func whatIsTypedAndWhatIsReadGrowsWithItsBytes() {
        for (name, text) in WorkPerByte.texts() {
            let growth = WorkPerByte.growth(text) { text in
                _ = Mention.isOf("yoda", in: text)
                _ = EscapedPath.plain(EscapedPath.escaped(text))
                _ = (EscapedPath.trimmed(text), EscapedPath.words(text))
            }
            #expect(growth < WorkPerByte.bound, "\(name.debugDescription)")
        }
    }

    @Test(arguments: [("yoda...", true), ("x yoda. y", true), ("yoda.x", false), ("...", false), ("YODA", true)])
    func aNameIsMentioned(text: String, isMentioned: Bool) { #expect(Mention.isOf("yoda", in: text) == isMentioned) }
}
