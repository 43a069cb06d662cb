import ChatProtocol
import TestSupport
import Testing

@testable import ChatClient

@Suite struct SessionLossTests {
    @Test func aSilentServerIsPingedAndThenGivenUp() {
        var play = SessionTranscript()
        play.logIn()
        let start = play.now
        #expect(play.wait() == ["> PING chatty"])
        #expect(play.now == start + 20_000)
        #expect(play.server(":chatty PONG chatty :chatty") == [])
        #expect(play.wait() == ["> PING chatty"])
        #expect(play.wait() == ["disconnect", "lost"])
        #expect(play.now == start + 50_000)
    }

    @Test func afterASleepAConnectionHasAShortTimeToShowThatItStands() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.ask(1, .message(to: "hans", text: "before the lid closed"))
        play.now += 3_600_000
        // The request is not late: the machine slept during its time.
        #expect(play.give(.timer) == ["> PING awake"])
        let woke = play.now
        // A line that the kernel received before the sleep does not show that the connection is alive.
        play.now += 1
        #expect(play.server("@msgid=00000000000A1 :luke!l@chatty PRIVMSG yoda :old").count == 1)
        #expect(play.wait() == ["disconnect", "lost"])
        #expect(play.now == woke + 4001)
        #expect(play.wait() == ["connect"])
        #expect(play.now <= woke + 4001 + 500)
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken, "@label=tname :chatty ACK")
        _ = play.server("AUTHENTICATE +", ":chatty 903 * :ok")
        #expect(
            play.server(":chatty 001 yoda :Welcome") == ["in as yoda again", "> @label=t1 PRIVMSG hans :before the lid closed"])
    }

    @Test func aConnectionThatAnswersAfterASleepGoesOn() {
        var play = SessionTranscript()
        play.logIn()
        let start = play.now
        #expect(play.give(.woke) == ["> PING awake"])
        #expect(play.server(":chatty PONG chatty :awake") == [])
        #expect(play.wait() == ["> PING chatty"])
        #expect(play.now == start + 20_000)
        // A timer that is late by less than a sleep is just late.
        play.now += 10_000 + 5_000
        #expect(play.give(.timer) == ["disconnect", "lost"])
    }

    @Test func afterASleepALostConnectionIsTriedAtOnce() {
        var play = SessionTranscript { $0.reconnectFor = 30_000 }
        play.logIn()
        _ = play.give(.disconnected("reset"))
        for _ in 0..<4 {
            #expect(play.wait() == ["connect"])
            _ = play.give(.disconnected("no route"))
        }
        play.now += 3_600_000
        #expect(play.give(.timer) == ["connect"])
        // An attempt during which the machine slept is given up soon, and the next waits are short.
        play.now += 3_600_000
        #expect(play.give(.timer) == [])
        let woke = play.now
        #expect(play.wait() == ["disconnect"])
        #expect(play.wait() == ["connect"])
        #expect(play.now <= woke + 4500)
    }

    @Test func whoWakesBeforeTheLogInWaitsOn() {
        var play = SessionTranscript()
        #expect(play.give(.woke) == [])
        _ = play.give(.start)
        // The question whether a key is right has no time limit.
        play.now += 3_600_000
        #expect(play.give(.connected) == ["connected", "> CAP LS 302"])
        #expect(play.give(.woke) == ["> PING awake"])
    }

    @Test func aLossIsToldOnceAndMended() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.give(.disconnected("reset")) == ["lost"])
        #expect(play.wait() == ["connect"])
        #expect(play.give(.disconnected("refused")) == [])
        #expect(play.wait() == ["connect"])
        #expect(play.give(.connected) == ["> CAP LS 302"])
        _ = play.server(SessionTranscript.offer)
        #expect(play.server(SessionTranscript.taken) == ["> @label=tname NICK yoda"])
        #expect(play.server("@label=tname :chatty ACK") == ["> USER yoda 0 * yoda", "> AUTHENTICATE PLAIN"])
        #expect(play.server("AUTHENTICATE +") == ["> AUTHENTICATE AHlvZGEAc2VjcmV0"])
        #expect(play.server(":chatty 903 * :ok") == ["> SEEN * t", "> CAP END"])
        #expect(play.server(":chatty 001 yoda :Welcome") == ["in as yoda again"])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func theWaitsGrowAndDifferFromClientToClient(seed: UInt64) {
        var backoff = Backoff(random: SeededGenerator(seed: seed))
        let waits = (0..<10).map { _ in backoff.wait() }
        for (wait, full) in zip(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000] as [Int64]) {
            #expect((full / 2...full).contains(wait))
        }
        var other = Backoff(random: SeededGenerator(seed: seed + 1))
        #expect((0..<10).map { _ in other.wait() } != waits)
        backoff.reset()
        #expect(backoff.wait() <= 500)
        #expect(backoff.wait(atLeast: 5000) == 5000)
    }

    @Test func whatWasTypedMeanwhileIsSentOnce() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.ask(1, .message(to: "hans", text: "on the way"))
        _ = play.ask(2, .groups)
        _ = play.ask(4, .joinGroup("jedi"))
        #expect(
            play.give(.disconnected("reset")) == [
                "lost", "4 failed: The connection was lost before the server confirmed this. It may not have been done.",
            ])
        #expect(play.ask(3, .message(to: "hans", text: "later")) == [])
        _ = play.wait()
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken, "@label=tname :chatty ACK", "AUTHENTICATE +")
        #expect(
            play.server(":chatty 903 * :ok", ":chatty 001 yoda :Welcome") == [
                "> SEEN * t", "> CAP END", "in as yoda again", "> @label=t1 PRIVMSG hans :on the way", "> @label=t2 GROUPS",
                "> @label=t3 PRIVMSG hans :later",
            ])
        #expect(
            play.server("@label=t1;time=2026-01-31T12:00:00.000Z;msgid=00000000000A1 :yoda!y@chatty PRIVMSG hans :on the way") == [
                "1 done: Message to hans sent at 2026-01-31T12:00:00Z."
            ])
    }

    @Test func aReplayShowsNothingTwice() {
        var play = SessionTranscript()
        play.logIn()
        let first = "@time=2026-01-31T12:00:00.000Z;msgid=00000000000A1 :luke!l@chatty PRIVMSG yoda :one"
        let second = "@time=2026-01-31T12:00:01.000Z;msgid=00000000000A2 :luke!l@chatty PRIVMSG yoda :two"
        #expect(play.server(first).count == 1)
        reconnect(&play)
        play.enter()
        #expect(play.server(first, second, second) == ["message 2026-01-31T12:00:01Z luke in user(\"luke\"): two"])
    }

    @Test func whatIsRememberedIsBounded() {
        var seen = SeenMessages(capacity: 3)
        let ids = (1...4).map { MessageID(rawValue: $0) }
        let isNew = (ids + [ids[3], ids[0]]).map { seen.insert($0) }
        #expect(isNew == [true, true, true, true, false, true])
    }

    @Test func aPasswordThatNoLongerFitsEndsIt() {
        var play = SessionTranscript()
        play.logIn()
        reconnect(&play)
        _ = play.server("AUTHENTICATE +")
        #expect(
            play.server("FAIL AUTHENTICATE INVALID_CREDENTIALS :x", ":chatty 904 * :failed") == [
                "said: Invalid credentials. Try again.", "disconnect", "ended: refused(\"\")",
            ])
    }

    /// Reconnects after a loss, up to the server's request for the password or a token.
    private func reconnect(_ play: inout SessionTranscript) {
        _ = play.give(.disconnected("reset"))
        _ = play.wait()
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken, "@label=tname :chatty ACK")
    }

    @Test func aTokenStandsForThePasswordAndThePasswordForAToken() {
        var play = SessionTranscript { $0.resumesByToken = true }
        _ = play.give(.start)
        _ = play.give(.connected)
        _ = play.server(SessionTranscript.offer, SessionTranscript.taken)
        _ = play.give(.name("yoda"))
        _ = play.server("@label=tname :chatty ACK")
        _ = play.give(.password("secret"))
        _ = play.server("AUTHENTICATE +", ":chatty 903 * :ok")
        #expect(play.server(":chatty 001 yoda :Welcome") == ["in as yoda", "> @label=ttoken TOKEN"])
        #expect(play.server("@label=ttoken NOTE TOKEN RESUME_TOKEN abc 1209600 :x") == [])
        reconnect(&play)
        // The base64 of NUL yoda NUL abc.
        #expect(play.server("AUTHENTICATE +") == ["> AUTHENTICATE AHlvZGEAYWJj"])
        #expect(play.server(":chatty 903 * :ok", ":chatty 001 yoda :Welcome") == ["> SEEN * t", "> CAP END", "in as yoda again"])
        reconnect(&play)
        #expect(play.server("AUTHENTICATE +") == ["> AUTHENTICATE AHlvZGEAYWJj"])
        #expect(
            play.server("FAIL AUTHENTICATE TOKEN_EXPIRED :x", ":chatty 904 * :failed") == ["> @label=tname NICK yoda"])
        #expect(play.server("@label=tname :chatty ACK") == ["> AUTHENTICATE PLAIN"])
        #expect(play.server("AUTHENTICATE +") == ["> AUTHENTICATE AHlvZGEAc2VjcmV0"])
        #expect(
            play.server(":chatty 903 * :ok", ":chatty 001 yoda :Welcome") == [
                "> SEEN * t", "> CAP END", "in as yoda again", "> @label=ttoken TOKEN",
            ])
    }

    @Test func aNewPasswordIsTheOneToConnectAgainWith() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.ask(1, .changePassword(old: "secret", new: "new")).count == 1)
        #expect(play.server("@label=t1 NOTE PASSWD PASSWORD_CHANGED :x").first?.hasPrefix("1 done") == true)
        reconnect(&play)
        // The base64 of NUL yoda NUL new.
        #expect(play.server("AUTHENTICATE +") == ["> AUTHENTICATE AHlvZGEAbmV3"])
    }

    @Test func aBusyServerIsTriedAgainLater() {
        var play = SessionTranscript()
        play.logIn()
        reconnect(&play)
        _ = play.server("AUTHENTICATE +")
        #expect(play.server("FAIL AUTHENTICATE BUSY :x", ":chatty 904 * :failed") == ["disconnect"])
        #expect(play.wait() == ["connect"])
    }

    @Test func aScriptGivesUpAfterItsTime() {
        var play = SessionTranscript { $0.reconnectFor = 2000 }
        play.logIn()
        _ = play.give(.disconnected("reset"))
        var last: [String] = []
        for _ in 0..<20 where !play.session.hasEnded {
            _ = play.wait()
            last = play.give(.disconnected("Connection refused."))
        }
        #expect(last == ["ended: unreachable(\"Connection refused.\")"])
        #expect(play.now <= 3000 + 1000)
    }

    @Test func aServerThatShutsDownIsQuoted() {
        var play = SessionTranscript()
        play.logIn()
        #expect(play.server("FAIL * SHUTTING_DOWN :x", "ERROR :closing") == [])
        #expect(play.give(.disconnected("closed")) == ["told: The server is shutting down.", "lost"])
    }

    @Test func anAccountThatIsGoneEndsIt() {
        var play = SessionTranscript()
        play.logIn()
        #expect(
            play.server("FAIL * ACCOUNT_GONE yoda :x") == [
                "told: The account yoda has been removed or blocked.", "disconnect", "ended: refused(\"\")",
            ])
    }

    /// The client's password is outdated, so it has nothing valid to try.
    @Test func aPasswordThatWasChangedElsewhereEndsIt() {
        var play = SessionTranscript()
        play.logIn()
        #expect(
            play.server("FAIL * PASSWORD_REPLACED yoda :x") == [
                "told: The password of yoda has been changed. Log in with the new one.", "disconnect", "ended: refused(\"\")",
            ])
    }

    @Test func whoLeavesWhileOfflineJustLeaves() {
        var play = SessionTranscript()
        play.logIn()
        _ = play.give(.disconnected("reset"))
        #expect(play.ask(5, .logOut) == ["5 done: Bye, yoda!", "ended: loggedOut"])
    }
}
