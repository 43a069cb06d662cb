import ChatProtocol
import Testing

@testable import ChatClient

@Suite struct SessionLogInTests {
    @Test func aLogInFromTheFirstByteToTheWelcome() {
        var play = SessionTranscript()
        #expect(play.give(.start) == ["connect"])
        #expect(play.give(.connected) == ["connected", "> CAP LS 302"])
        #expect(
            play.server(SessionTranscript.offer) == [
                "> CAP REQ :sasl message-tags server-time echo-message labeled-response batch standard-replies chatty/service"
            ])
        #expect(play.server(SessionTranscript.taken) == ["name?"])
        #expect(play.give(.name("Ethan")) == ["> @label=tname NICK Ethan"])
        #expect(play.server("@label=tname :chatty ACK") == ["> USER Ethan 0 * Ethan", "password of Ethan?"])
        #expect(play.give(.password("pa ss")) == ["> AUTHENTICATE PLAIN"])
        // The base64 of NUL Ethan NUL pa ss.
        #expect(play.server("AUTHENTICATE +") == ["> AUTHENTICATE AEV0aGFuAHBhIHNz"])
        #expect(play.server(":chatty 900 * * ethan :in", ":chatty 903 * :ok") == ["> SEEN * t", "> CAP END"])
        #expect(play.server(":chatty 001 ethan :Welcome") == ["in as ethan"])
    }

    @Test func theMessageOfTheDayIsToldAsAWhole() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.server(":c 375 yoda :- Message of the day", ":c 372 yoda :Be kind.", ":c 372 yoda : ") == [])
        #expect(play.server(":c 376 yoda :End of MOTD") == ["motd: Be kind. | "])
        // A message without a beginning, or without lines, is none.
        #expect(play.server(":c 372 yoda :x", ":c 376 yoda :x", ":c 375 yoda :x", ":c 376 yoda :x", ":c 422 yoda :none") == [])
        let limit = ClientSession.messageOfTheDayLimit
        _ = play.server(":c 375 yoda :x")
        for line in 0...limit { _ = play.server(":c 372 yoda :\(line)") }
        #expect(play.server(":c 376 yoda :x").first?.hasSuffix(" | \(limit - 1)") == true)
        // A message that a lost connection has cut off is not shown later.
        _ = play.server(":c 375 yoda :x", ":c 372 yoda :half")
        _ = play.give(.disconnected(""))
        _ = play.wait()
        _ = play.give(.connected)
        #expect(play.server(":c 376 yoda :x") == [])
    }

    /// The value of the server's own capability names its services; what this client does not know is no obstacle.
    @Test(arguments: [
        ("=stun", ["services: stun at ?"]), ("=stun,relay", ["services: stun relay at ?"]), ("=", []), ("=what", ["services: what at ?"]),
        ("", []),
    ])
    func whatTheServerDoesBesideTheChat(value: String, events: [String]) {
        var play = SessionTranscript()
        _ = play.give(.start)
        _ = play.give(.connected)
        let lines = play.server(SessionTranscript.offer + value)
        #expect(lines.dropLast() == events[...] && lines.last?.hasPrefix("> CAP REQ") == true)
    }

    @Test func capabilitiesMayComeInSeveralLines() {
        var play = SessionTranscript()
        _ = play.give(.start)
        _ = play.give(.connected)
        #expect(play.server(":c CAP * LS * :sasl=PLAIN,EXTERNAL message-tags server-time echo-message") == [])
        #expect(
            play.server(":c CAP * LS :labeled-response batch standard-replies chatty/service future/thing") == [
                "> CAP REQ :sasl message-tags server-time echo-message labeled-response batch standard-replies chatty/service"
            ])
    }

    @Test func namesAndPasswordsAreTriedOnOneConnectionUntilOneFits() {
        var play = SessionTranscript()
        _ = play.give(.start)
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken)
        _ = play.give(.name("nobody"))
        #expect(
            play.server("@label=tname :chatty FAIL NICK NO_SUCH_USER nobody :There is no user nobody.") == [
                "said: There is no user nobody.", "log-in failed", "name?",
            ])
        _ = play.give(.name("e"))
        #expect(play.server("@label=tname :chatty ACK") == ["> USER e 0 * e", "password of e?"])
        _ = play.give(.password("wrong"))
        _ = play.server("AUTHENTICATE +")
        #expect(
            play.server(
                "FAIL AUTHENTICATE INVALID_CREDENTIALS :Invalid credentials. Try again.", "FAIL AUTHENTICATE NOW_BLOCKED 10 :blocked",
                ":chatty 904 * :SASL authentication failed") == [
                    "said: Invalid credentials. Try again.",
                    "said: You are blocked due to multiple failed login attempts. Try again 10 seconds later.",
                    "log-in failed, blocked", "name?",
                ])
        _ = play.give(.name("ethan"))
        #expect(play.server("@label=tname :chatty ACK") == ["password of ethan?"])
        _ = play.give(.password("right"))
        play.enter(as: "ethan")
        #expect(play.session.isOnline)
    }

    @Test(arguments: ["", "#jedi", ":x", "a,b", "a b"])
    func aNameThatCannotTravelIsRefusedHere(name: String) {
        var play = SessionTranscript()
        _ = play.give(.start)
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken)
        #expect(play.give(.name(name)) == ["said: There is no user \(name).", "log-in failed", "name?"])
    }

    @Test func longPasswordsAreCutIntoPieces() {
        let chunks = ClientSession.saslPlain(.init(name: "yoda", password: String(repeating: "x", count: 512)))
        #expect(chunks.map(\.utf8.count) == [400, 292])
        // 2 + 4 + 294 = 300 bytes are 400 in base64, so an empty piece has to mark the end.
        #expect(ClientSession.saslPlain(.init(name: "yoda", password: String(repeating: "x", count: 294))).map(\.utf8.count) == [400, 1])
    }

    @Test(arguments: [":irc.example CAP * LS :sasl=PLAIN multi-prefix", ":irc.example 421 * CAP :Unknown command"])
    func anotherKindOfServerIsSaidToBeOne(line: String) {
        var play = SessionTranscript()
        _ = play.give(.start)
        _ = play.give(.connected)
        #expect(play.server(line) == ["disconnect", "ended: failed(\"This is not a chatty server.\")"])
    }

    @Test func aServerThatSaysNothingIsGivenUp() {
        var play = SessionTranscript { $0.answerTimeout = 5000 }
        _ = play.give(.start)
        _ = play.give(.connected)
        #expect(play.wait() == ["disconnect", "ended: unreachable(\"The server does not answer.\")"])
        #expect(play.now == 6000)
    }

    @Test func nobodyThere() {
        var play = SessionTranscript()
        _ = play.give(.start)
        #expect(play.give(.disconnected("Connection refused.")) == ["ended: unreachable(\"Connection refused.\")"])
        #expect(play.session.nextTimeout == nil)
    }

    @Test func aServerThatClosesBeforeTheLogInIsQuoted() {
        var play = SessionTranscript()
        _ = play.give(.start)
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken)
        #expect(play.server("FAIL * LOGIN_TIMED_OUT 60 :You did not log in within 60 seconds.", "ERROR :closing") == [])
        #expect(
            play.give(.disconnected("Connection reset.")) == [
                "said: You did not log in within 60 seconds.", "ended: unreachable(\"The server closed the connection.\")",
            ])
    }

    @Test func aRefusedKeyEndsEverything() {
        var play = SessionTranscript()
        _ = play.give(.start)
        #expect(play.give(.rejected("The key has changed.")) == ["disconnect", "ended: refused(\"The key has changed.\")"])
        #expect(play.give(.connected) == [])
    }
}
