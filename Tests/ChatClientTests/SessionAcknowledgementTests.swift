import ChatProtocol
import Testing

@testable import ChatClient

/// The client acknowledges the messages that it has shown, so that neither a dead link nor a killed process loses one.
@Suite struct SessionAcknowledgementTests {
    private static let (first, second) = (MessageID("00000000000A1"), MessageID("00000000000A2"))

    private func online() throws -> (SessionTranscript, MessageID, MessageID) {
        var play = SessionTranscript()
        play.logIn()
        return (play, try #require(Self.first), try #require(Self.second))
    }

    @Test func whatIsShownIsSaidOnceForAllOfAMoment() throws {
        var (play, first, second) = try online()
        let start = play.now
        #expect(play.give(.shown(first)) == [])
        play.now += 100
        #expect(play.give(.shown(second)) == [])
        #expect(play.wait() == ["> SEEN 00000000000A2"])
        #expect(play.now == start + 200)
        #expect(play.wait() == ["> PING chatty"], "said once")
    }

    /// A message that has arrived need not be shown yet: the screen may be stopped.
    @Test func whatHasComeIsNotShown() throws {
        var (play, _, _) = try online()
        #expect(play.server("@msgid=00000000000A1 :luke!l@chatty PRIVMSG yoda :hello").count == 1)
        #expect(play.wait() == ["> PING chatty"])
    }

    @Test func itIsSaidBeforeTheGoodBye() throws {
        var (play, first, _) = try online()
        _ = play.give(.shown(first))
        #expect(play.ask(1, .logOut) == ["> SEEN 00000000000A1", "> @label=t1 QUIT"])
    }

    @Test func itIsSaidWhereNobodySaysGoodBye() throws {
        var (play, first, _) = try online()
        _ = play.give(.shown(first))
        #expect(play.give(.abandon) == ["> SEEN 00000000000A1", "disconnect", "ended: loggedOut"])
    }

    /// On the next connection the acknowledgement precedes the replay.
    @Test func theNextConnectionGoesOnBehindIt() throws {
        var (play, first, second) = try online()
        _ = play.give(.shown(first))
        _ = play.wait()
        _ = play.give(.disconnected("reset"))
        // The message was still in the screen's queue when the link was lost.
        #expect(play.give(.shown(second)) == [])
        #expect(play.wait() == ["connect"])
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken, "@label=tname :chatty ACK")
        #expect(play.server("AUTHENTICATE +", ":chatty 903 * :ok").suffix(2) == ["> SEEN 00000000000A2 t", "> CAP END"])
        #expect(play.server(":chatty 001 yoda :Welcome") == ["in as yoda again"])
        #expect(play.wait() == ["> PING chatty"], "nothing more to say")
    }
}
