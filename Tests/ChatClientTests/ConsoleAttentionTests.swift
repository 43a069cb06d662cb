import ChatProtocol
import Testing

@testable import ChatClient

/// What a person is shown of pending messages, of unread ones, and of users who are away or ignored.
@Suite struct ConsoleAttentionTests {
    private static let time = Timestamp(iso8601: "2026-01-31T10:34:56Z") ?? Timestamp(milliseconds: 0)

    @Test func messagesTypedWithoutAConnectionArePendingUntilTheyAreKept() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.client(.connectionLost)
        #expect(
            play.type("/msgto hans a") == ["1 PRIVMSG hans :a", "| Pending, to hans: a", "? yoda → hans (offline, 1 pending)> "])
        #expect(play.type("b") == ["2 PRIVMSG hans :b", "| Pending, to hans: b", "? yoda → hans (offline, 2 pending)> "])
        #expect(
            play.client(.loggedIn(name: "yoda", again: true)) == [
                "0 WHO *", "18446744073709551615 GROUPS *", "| Connected again.", "? yoda → hans (2 pending)> ",
            ])
        #expect(
            play.answer(1, .sent(to: "hans", at: Self.time)) == [
                "| Message to hans sent at 12:34.", "| Delivered to the server, to hans: a", "? yoda → hans (1 pending)> ",
            ])
        #expect(
            play.answer(2, .messageTooLong(limit: 4096)) == [
                "| The message is longer than 4096 bytes. It was not sent.", "| Failed, to hans: b", "? yoda → hans> ",
            ])
    }

    @Test func aSlowAnswerShowsThatAMessageIsPending() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.type("/groupmsg jedi a") == ["1 PRIVMSG #jedi :a", "? yoda → #jedi> "])
        #expect(play.console.unconfirmed == 1)
        #expect(play.give(.waited) == ["| Pending, to #jedi: a", "? yoda → #jedi (1 pending)> "])
        // A message typed after a pending one waits, too.
        let long = String(repeating: "b", count: 61)
        #expect(
            play.type(long) == [
                "2 PRIVMSG #jedi :\(long)", "| Pending, to #jedi: \(long.dropLast())…", "? yoda → #jedi (2 pending)> ",
            ])
        #expect(
            play.answer(1, .sentToGroup("jedi", at: Self.time)) == [
                "| Message to the group chat jedi sent at 12:34.", "| Delivered to the server, to #jedi: a", "? yoda → #jedi (1 pending)> ",
            ])
        // A second receipt in the same minute is left out.
        #expect(play.answer(2, .sentToGroup("jedi", at: Self.time))[0] == "| Delivered to the server, to #jedi: \(long.dropLast())…")
        #expect(play.type("c") == ["3 PRIVMSG #jedi :c"])
        #expect(play.answer(3, .sentToGroup("jedi", at: Self.time)) == [])
        #expect(play.console.unconfirmed == 0)
    }

    @Test func ofManyMessagesOnTheirWayTheNumberIsTold() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.client(.connectionLost)
        for number in 1...5 { #expect(play.type("/msgto hans \(number)")[1] == "| Pending, to hans: \(number)") }
        #expect(play.type("/msgto hans 6") == ["6 PRIVMSG hans :6", "? yoda → hans (offline, 6 pending)> "])
        #expect(
            play.answer(6, .sent(to: "hans", at: Self.time)) == [
                "| Message to hans sent at 12:34.", "? yoda → hans (offline, 5 pending)> ",
            ])
    }

    @Test func aLongPasteGoesOutAsItIsAnswered() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/talk hans")
        _ = play.type((1...2000).map { "line \($0)" }.joined(separator: "\n"))
        let first = play.type("yes")
        #expect(first.count == 33 && first[31] == "32 PRIVMSG hans :line 32" && first[32] == "? yoda → hans (2000 pending)> ")
        #expect(
            play.answer(1, .sent(to: "hans", at: Self.time)) == [
                "| Message to hans sent at 12:34.", "33 PRIVMSG hans :line 33", "? yoda → hans (1999 pending)> ",
            ])
        // A message typed later is sent later.
        #expect(play.type("and this") == ["? yoda → hans (2000 pending)> "])
        _ = play.client(.connectionLost)
        #expect(play.answer(2, .sent(to: "hans", at: Self.time)).count == 3)
        _ = play.client(.loggedIn(name: "yoda", again: true))
        #expect(
            play.give(.interrupt(hadText: false)) == ["| 1967 lines were not sent.", "? yoda → hans (32 pending)> "])
        #expect(play.give(.interrupt(hadText: false)).first == "| Press Ctrl-C again to leave.")
    }

    @Test func whatFailedIsNamedWhereSeveralAreUnderWay() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/msgto hans first")
        _ = play.type("/groupmsg jedi second")
        #expect(
            play.answer(1, .notActive("hans")) == ["| hans is not active.", "| Failed, to hans: first"])
        #expect(
            play.answer(2, .storeFailed) == [
                "| The server could not store this: its disk is full or failing. Nothing was sent or changed. Try again later."
            ])
    }

    @Test func whatTheServerKeptIsMarkedAsUnread() {
        var play = ConsoleTranscript { $0.now = { Self.time } }
        play.logIn()
        #expect(play.message("luke", "a", at: "2026-01-31T09:00:00Z") == ["| --- unread ---", "| 11:00 luke: a"])
        #expect(play.message("luke", "b", at: "2026-01-31T09:01:00Z") == ["| 11:01 luke: b"])
        _ = play.client(.connectionLost)
        _ = play.client(.loggedIn(name: "yoda", again: true))
        #expect(play.message("luke", "live", at: "2026-01-31T10:35:00Z") == ["| 12:35 luke: live"])
        #expect(play.message("luke", "of long ago", at: "2026-01-31T09:02:00Z") == ["| 11:02 luke: of long ago"])
    }

    @Test func whatComesWhileNobodyIsAtTheKeyboardIsMarkedAsUnread() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.give(.attended(false)) == [])
        #expect(play.message("luke", "a") == ["| --- unread ---", "| 12:34 luke: a"])
        #expect(play.message("luke", "b") == ["| 12:34 luke: b"])
        _ = play.give(.attended(true))
        _ = play.give(.attended(false))
        _ = play.give(.attended(true))
        #expect(play.message("luke", "c") == ["| 12:34 luke: c"])
        var script = ConsoleTranscript(.plain) { $0.name = "ci" }
        script.logIn(as: "ci")
        _ = script.give(.attended(false))
        #expect(script.message("luke", "a") == ["| 2026-01-31T10:34:56Z luke: a"])
    }

    @Test func ownMessagesMarkTheDayToo() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.type("/msgto hans a")
        let late = Timestamp(iso8601: "2026-01-31T22:30:00Z") ?? Self.time
        #expect(play.answer(1, .sent(to: "hans", at: late)) == ["| --- 2026-02-01 ---\nMessage to hans sent at 00:30."])
        #expect(play.message("hans", "b", at: "2026-01-31T22:31:00Z") == ["| 00:31 hans: b"])
    }

    @Test func whoIsIgnoredIsNotHeard() {
        var play = ConsoleTranscript { $0.bell = .all }
        play.logIn()
        #expect(play.type("/ignore") == ["| You ignore nobody."])
        #expect(play.type("/ignore Hans") == ["ignored: Hans", "| You ignore Hans from now on."])
        #expect(play.type("/ignore hans") == ["| You ignore hans already."])
        #expect(play.message("hans", "psst") == [])
        #expect(play.message("hans", "all of you", group: "jedi") == [])
        #expect(play.client(.memberJoined(user: "hans", group: "jedi")) == [])
        #expect(play.client(.memberLeft(user: "hans", group: "jedi")) == [])
        #expect(play.client(.invited(by: "hans", group: "sith")) == [])
        #expect(play.type("/reply x") == ["| Nobody has written to you yet."])
        let offer = TransferSignal(verb: .offer, id: "h1", payload: #"{"name":"a","size":1}"#)
        #expect(offer.map { play.client(.signal(from: "hans", to: "yoda", $0)) } == ["1 P2P hans REFUSE h1 :"])
        _ = play.type("/history #jedi")
        let found = ["hans", "luke"].map {
            ReceivedMessage(id: nil, time: Self.time, from: $0, conversation: .group("jedi"), text: "old", isOwn: false)
        }
        var answer = Answer([])
        answer.found = found
        #expect(play.client(.answered(RequestID(rawValue: 2), answer)) == ["| 12:34 #jedi luke: old"])
        #expect(play.type("/unignore luke") == ["| You do not ignore luke."])
        #expect(play.type("/unignore HANS") == ["ignored: ", "| You do not ignore HANS any more."])
        #expect(play.message("hans", "psst") == ["| 12:34 hans: psst", "bell"])
        #expect(play.type("/ignore yoda") == ["| That is you."])
        #expect(play.type("/ignore 4711") == ["| The user name 4711 is not allowed: \(Name.Defect.badFirstCharacter.reason)."])
    }

    @Test func whoWasIgnoredBeforeStaysSo() {
        var play = ConsoleTranscript()
        play.logIn()
        _ = play.give(.ignoring(["hans", "luke"]))
        #expect(play.message("Hans", "psst") == [])
        #expect(play.type("/ignore") == ["| You ignore hans, luke."])
    }

    /// The server decides: another session of the account may have come back in the meantime.
    @Test func beingAwayIsShownAsTheServerSaysIt() {
        var play = ConsoleTranscript()
        play.logIn()
        #expect(play.type("/away at  lunch ") == ["1 AWAY :at  lunch"])
        #expect(play.answer(1, .nowAway("at  lunch")) == ["| You are away: at  lunch", "? yoda (away)> "])
        _ = play.client(.connectionLost)
        #expect(
            play.client(.loggedIn(name: "yoda", again: true)) == [
                "0 WHO *", "18446744073709551615 GROUPS *", "| Connected again.", "? yoda> ",
            ])
        #expect(play.client(.notice(ServerNotice(.nowAway("at  lunch")))) == ["| You are away: at  lunch", "? yoda (away)> "])
        #expect(play.type("/away") == ["2 AWAY"])
        #expect(play.answer(2, .back) == ["| You are back.", "? yoda> "])
        // Another session of the same account goes away.
        #expect(play.client(.notice(ServerNotice(.nowAway("tea")))) == ["| You are away: tea", "? yoda (away)> "])
    }

    @Test func thatSomebodyIsAwayIsSaidOnce() {
        var play = ConsoleTranscript()
        play.logIn()
        func send(_ replies: Reply...) -> [String] {
            let id = play.type("/msgto hans x").first.flatMap { UInt64($0.prefix { $0 != " " }) } ?? 0
            return play.client(.answered(RequestID(rawValue: id), Answer(replies.map(ServerNotice.init))))
        }
        let sent = Reply.sent(to: "hans", at: Self.time)
        #expect(send(sent, .away("hans", "at lunch")) == ["| Message to hans sent at 12:34.", "| hans is away: at lunch"])
        #expect(send(sent, .away("hans", "at lunch")) == ["| Message to hans sent at 12:34."])
        #expect(send(sent, .away("hans", "asleep")) == ["| Message to hans sent at 12:34.", "| hans is away: asleep"])
        #expect(send(sent) == ["| Message to hans sent at 12:34."])
        #expect(send(sent, .away("hans", "asleep")).last == "| hans is away: asleep")
    }
}
