import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct SessionRequestTests {
    @Test func aMessageIsConfirmedByItsEcho() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.ask(1, .message(to: "hans", text: "a  b ")) == ["> @label=t1 PRIVMSG hans :a  b "])
        #expect(
            play.server("@label=t1;time=2026-01-31T12:34:56.789Z;msgid=00000000000A1 :yoda!yoda@chatty PRIVMSG hans :a  b ") == [
                "1 done: Message to hans sent at 2026-01-31T12:34:56Z."
            ])
    }

    @Test func aBatchIsOneAnswer() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.ask(7, .message(to: "hans", text: "hi"))
        #expect(play.server("@label=t7 :chatty BATCH +b labeled-response") == [])
        #expect(play.server("@batch=b;time=2026-01-31T12:34:56.789Z;msgid=00000000000A1 :yoda!yoda@chatty PRIVMSG hans :hi") == [])
        #expect(play.server("@batch=b :chatty NOTE PRIVMSG KEPT hans :kept") == [])
        #expect(
            play.server(":chatty BATCH -b") == [
                "7 done: Message to hans sent at 2026-01-31T12:34:56Z. | hans is not active. The message will be delivered at the next login."
            ])
    }

    @Test func refusalsAreTheServersOwnWords() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.ask(1, .groupMessage(group: "sith", text: "hi"))
        #expect(
            play.server("@label=t1 FAIL PRIVMSG NOT_MEMBER sith :not in it") == ["1 failed: You are not in the group chat sith."])
        _ = play.ask(2, .groups)
        #expect(play.server("@label=t2 FAIL GROUPS OF_THE_FUTURE x y :Not on Sundays.") == ["2 failed: Not on Sundays."])
        _ = play.ask(3, .activeUsers)
        #expect(play.server("@label=t3 :chatty 421 yoda ACTIVEUSER :Unknown command") == ["3 failed: Unknown command"])
    }

    @Test func joiningTellsWhoIsThere() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.ask(1, .joinGroup("jedi")) == ["> @label=t1 JOIN #jedi"])
        #expect(
            play.server(
                "@label=t1 BATCH +1 labeled-response", "@batch=1 :yoda!y@chatty JOIN #jedi",
                "@batch=1 :chatty 353 yoda = #jedi :@luke yoda",
                "@batch=1 :chatty 366 yoda #jedi :End", "@batch=1 NOTE JOIN JOINED jedi :x", "BATCH -1") == [
                    "yoda joined jedi", "#jedi: luke yoda", "1 done: You joined the group chat jedi.",
                ])
    }

    @Test func answersMayComeWithOtherLinesBetweenThem() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.ask(1, .activeUsers)
        #expect(
            play.server(
                "@label=t1 BATCH +1 labeled-response", ":luke!l@chatty JOIN #jedi",
                "@time=2026-01-31T12:00:00.000Z;msgid=00000000000A1 :luke!l@chatty PRIVMSG yoda :now",
                "@batch=1 NOTE ACTIVEUSER ACTIVE_USER luke 2026-01-31T11:00:00.000Z :x", "BATCH -1") == [
                    "luke joined jedi", "message 2026-01-31T12:00:00Z luke in user(\"luke\"): now",
                    "1 done: luke, active since 2026-01-31T11:00:00Z",
                ])
    }

    @Test func whatCannotBeSentIsRefusedHere() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.ask(1, .message(to: "#jedi", text: "x")) == ["1 failed: There is no user #jedi."])
        #expect(play.ask(2, .groupMessage(group: "a,b", text: "x")) == ["2 failed: There is no group chat a,b."])
        #expect(
            play.ask(3, .createGroup("1a", members: [])) == ["3 failed: The group name 1a is not allowed: it must begin with a letter."])
        let long = String(repeating: "ü", count: 2049)
        #expect(play.ask(4, .message(to: "hans", text: long)) == ["4 failed: The message is longer than 4096 bytes. It was not sent."])
    }

    @Test func leavingIsAnsweredAndThenOver() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.ask(1, .logOut) == ["> @label=t1 QUIT"])
        #expect(play.server("@label=t1 NOTE QUIT GOODBYE yoda :Bye, yoda!", "ERROR :Bye, yoda!") == ["1 done: Bye, yoda!"])
        #expect(play.give(.disconnected("closed")) == ["ended: loggedOut"])
        #expect(play.ask(2, .groups) == [])
    }

    @Test func leavingWithoutAnAnswerIsLeavingAllTheSame() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.ask(1, .joinGroup("jedi"))
        _ = play.ask(2, .logOut)
        #expect(
            play.give(.disconnected("closed")) == [
                "1 failed: The connection was lost before the server confirmed this. It may not have been done.",
                "2 done: Bye, yoda!", "ended: loggedOut",
            ])
    }

    @Test func anAnswerThatDoesNotComeIsToldOnce() {
        var play = SessionTranscript {
            $0.answerTimeout = 3000
            $0.pingInterval = 100_000
        }
        play.logIn()
        _ = play.ask(1, .groups)
        #expect(play.wait() == ["1 failed: The server did not answer."])
        #expect(play.server("@label=t1 NOTE GROUPS NO_GROUPS :x") == ["told: There is no group chat yet."])
    }

    /// A server with many requests answers one after the other: each has its full time from the answer before it.
    @Test func whatWaitsBehindOthersHasItsTimeFromTheirAnswers() {
        var play = SessionTranscript {
            $0.answerTimeout = 3000
            $0.pingInterval = 100_000
        }
        play.logIn()
        _ = play.ask(1, .message(to: "hans", text: "one"))
        _ = play.ask(2, .message(to: "hans", text: "two"))
        _ = play.ask(3, .message(to: "hans", text: "three"))
        let start = play.now
        play.now = start + 2500
        _ = play.server("@label=t1 :chatty ACK")
        play.now = start + 5000
        #expect(play.server("@label=t2 :chatty ACK").count == 1)
        #expect(play.wait() == ["3 failed: The server did not answer."])
        #expect(play.now == start + 8000)
    }

    /// Answers keep the order of the requests: one that the server has skipped times out although a later one is answered.
    @Test func whatIsPassedOverIsGivenUpInItsTime() {
        var play = SessionTranscript {
            $0.answerTimeout = 3000
            $0.pingInterval = 100_000
        }
        play.logIn()
        _ = play.ask(1, .groups)
        _ = play.ask(2, .groups)
        let start = play.now
        play.now = start + 2500
        _ = play.server("@label=t2 :chatty ACK")
        #expect(play.wait() == ["1 failed: The server did not answer."])
        #expect(play.now == start + 3000)
    }

    @Test func pingsAreAnswered() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.server("PING :abc d") == ["> PONG :abc d"])
    }

    @Test func otherSessionsOfTheAccountAreFollowed() {
        var play = SessionTranscript()
        play.logIn()
        #expect(
            play.server("@time=2026-01-31T12:00:00.000Z;msgid=00000000000B2 :yoda!y@chatty PRIVMSG luke :from the phone") == [
                "message 2026-01-31T12:00:00Z yoda (own) in user(\"luke\"): from the phone"
            ])
    }

    @Test func signalsInvitationsAndActions() {
        var play = SessionTranscript()
        play.logIn()
        #expect(
            play.server(
                ":luke!l@chatty P2P yoda OFFER a1 :{}", ":luke!l@chatty P2P yoda SHOUT a1 :{}", ":luke!l@chatty INVITE yoda #jedi",
                ":luke!l@chatty INVITE hans #jedi", ":luke!l@chatty PART #jedi", ":luke!l@chatty PRIVMSG #jedi :\u{1}ACTION waves\u{1}")
                == [
                    "signal luke to yoda: OFFER a1 {}", "luke invites to jedi", "luke left jedi",
                    "message 1970-01-01T00:00:00Z luke in group(\"jedi\"): /me waves",
                ])
    }

    @Test func linesThatAreNoneChangeNothing() {
        var play = SessionTranscript()
        play.logIn()
        let before = play.server(
            "", ":", "@", "@label=t9 ", "BATCH", "BATCH -nothing", "@batch=none NOTE x", "PRIVMSG", ":a PRIVMSG b", "\u{0}")
        #expect(before == [])
        #expect(play.give(.received(.tooLong(beginning: []))) == [])
        #expect(play.session.isOnline)
    }
}
