import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Testing

struct LockOutTests {
    private func wrong(_ script: inout HubScript, _ id: SessionID, _ name: String = "yoda") -> [String] {
        script.forget(id)
        script.send(id, .logIn(name: name, password: "no", begins: true))
        return script.texts(id)
    }

    private func right(_ script: inout HubScript, _ id: SessionID, _ name: String = "yoda") -> Bool {
        script.forget(id)
        script.send(id, .logIn(name: name, password: "pw-" + name, begins: true))
        return script.told[id]?.first == .loggedIn(name: name)
    }

    @Test func threeWrongPasswordsBlockTheNameForTenSeconds() {
        var script = HubScript()
        let first = script.connect()
        #expect(wrong(&script, first) == ["Invalid credentials. Try again."])
        #expect(wrong(&script, first) == ["Invalid credentials. Try again."])
        #expect(
            wrong(&script, first) == [
                "Invalid credentials. Try again.", "You are blocked due to multiple failed login attempts. Try again 10 seconds later.",
            ])
        #expect(!right(&script, first), "even the right password")
        #expect(script.texts(first) == ["You are blocked. Please try again later."])
        let elsewhere = script.connect(from: "192.0.2.1")
        #expect(!right(&script, elsewhere), "from every address")
        #expect(!right(&script, elsewhere, "YODA"), "however it is written")
        #expect(right(&script, first, "luke"), "another name on the same connection")
        script.advance(milliseconds: 9_999)
        #expect(!right(&script, elsewhere))
        script.advance(milliseconds: 1)
        #expect(right(&script, elsewhere))
    }

    @Test func blockedTriesDoNotProlongTheBlock() {
        var script = HubScript()
        let id = script.connect()
        for _ in 0..<3 { _ = wrong(&script, id) }
        for _ in 0..<5 {
            script.advance(milliseconds: 1_999)
            #expect(wrong(&script, id) == ["You are blocked. Please try again later."])
        }
        script.advance(milliseconds: 5)
        #expect(right(&script, id))
    }

    @Test func aLogInClearsTheCount() {
        var script = HubScript()
        let id = script.connect()
        for _ in 0..<2 { _ = wrong(&script, id) }
        #expect(right(&script, script.connect()))
        #expect(wrong(&script, id) == ["Invalid credentials. Try again."])
        #expect(wrong(&script, id) == ["Invalid credentials. Try again."])
        #expect(wrong(&script, id).count == 2)
    }

    @Test func theBlockAndTheCountSurviveARestart() {
        var script = HubScript()
        let id = script.connect()
        for _ in 0..<3 { _ = wrong(&script, id) }
        for _ in 0..<2 { _ = wrong(&script, id, "luke") }
        var rows: [String: StoreState.LockOut] = [:]
        for case .lockOut(let row) in script.records { rows[row.name] = row }
        var state = StoreState()
        state.lockOuts = Array(rows.values)
        var next = HubScript(state: state)
        let again = next.connect()
        #expect(!right(&next, again))
        #expect(next.texts(again) == ["You are blocked. Please try again later."])
        #expect(wrong(&next, again, "luke").count == 2, "the third wrong one in a row, over the restart")
        next.advance(milliseconds: 10_000)
        #expect(right(&next, again))
    }

    @Test func aClockThatIsSetNeitherShortensNorProlongsABlock() {
        var script = HubScript()
        let id = script.connect()
        for _ in 0..<3 { _ = wrong(&script, id) }
        script.stepClock(milliseconds: 86_400_000)
        #expect(!right(&script, id))
        script.stepClock(milliseconds: -2 * 86_400_000)
        script.advance(milliseconds: 10_000)
        #expect(right(&script, id))
        var state = StoreState()
        state.lockOuts = [
            .init(name: "yoda", failures: 0, blockedUntil: script.now.wall.adding(milliseconds: 900_000_000), last: script.now.wall)
        ]
        var next = HubScript(state: state)
        let again = next.connect()
        #expect(!right(&next, again))
        next.advance(milliseconds: 10_000)
        #expect(right(&next, again))
    }

    /// Parallel guesses do not get more passwords verified than are allowed.
    @Test func parallelGuessesAreJudgedOneByOne() {
        var script = HubScript()
        script.holdsBack = true
        let ids = (0..<50).map { _ in script.connect() }
        for id in ids { script.send(id, .logIn(name: "yoda", password: "guess", begins: true)) }
        let late = script.connect()
        script.send(late, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        script.settle()
        #expect(script.verifications == 3)
        #expect(script.texts(late) == ["You are blocked. Please try again later."])
        for id in ids { #expect(script.texts(id).count >= 1, "everybody is answered") }
    }

    @Test func aNameWithoutAnAccountIsRefusedBeforeItsPassword() {
        var script = HubScript()
        let id = script.connect()
        script.send(id, .identify(name: "hans2"))
        #expect(script.texts(id) == ["There is no user hans2."])
        script.forget(id)
        script.send(id, .identify(name: "hans"))
        #expect(script.told[id] == [.askPassword(name: "hans")])
        script.forget(id)
        script.send(id, .identify(name: "9\u{1B}"))
        #expect(script.texts(id).first?.contains("must begin with a letter") == true)
    }

    @Test func concealedNamesAreAskedForAPasswordAndBlockedAlike() {
        var configuration = HubConfiguration()
        configuration.concealsUserNames = true
        var script = HubScript(configuration)
        let id = script.connect()
        script.send(id, .identify(name: "nobody"))
        #expect(script.told[id] == [.askPassword(name: "nobody")])
        for _ in 0..<2 { #expect(wrong(&script, id, "nobody") == ["Invalid credentials. Try again."]) }
        #expect(wrong(&script, id, "nobody").count == 2)
        #expect(wrong(&script, id, "nobody") == ["You are blocked. Please try again later."])
        #expect(script.verifications == 3, "a dummy hash takes the time of a real one")
    }

    @Test func anAccountAddedFromOutsideIsSeenAtOnce() throws {
        var script = HubScript()
        try script.addAccount("Leia", id: 99)
        let id = script.connect()
        script.send(id, .identify(name: "leia"))
        #expect(script.told[id] == [.askPassword(name: "leia")])
        script.forget(id)
        script.send(id, .logIn(name: "leia", password: "pw-leia", begins: true))
        #expect(script.told[id]?.first == .loggedIn(name: "Leia"))
    }

    @Test func aRemovedAccountIsClosed() {
        var script = HubScript()
        let id = script.logIn("yoda")
        script.removeAccount("yoda")
        script.watch()
        #expect(script.closed.contains(id))
    }

    @Test func whoDoesNotLogInIsClosedInTime() {
        var script = HubScript()
        let slow = script.connect()
        let quick = script.logIn("yoda")
        script.advance(milliseconds: 59_999)
        script.handle(.tick)
        #expect(script.closed.isEmpty)
        script.advance(milliseconds: 1)
        script.handle(.tick)
        #expect(script.closed == [slow])
        #expect(!script.closed.contains(quick))
    }
}

struct MessageTests {
    /// SQLite would return only the part before a NUL.
    @Test(arguments: ["left\0right", "\0", "one\rtwo", "one\ntwo"]) func whatEndsATextEarlyIsRefused(text: String) {
        var script = HubScript()
        let (yoda, hans) = (script.logIn("yoda"), script.logIn("hans"))
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.send(hans, .joinGroup(name: "jedi", createsMissing: false))
        let before = script.kept.count
        for id in [yoda, hans] { script.forget(id) }
        script.send(yoda, .message(to: "hans", text: text, isNotice: false))
        script.send(yoda, .groupMessage(group: "jedi", text: text, isNotice: true))
        let refusal = "The line contains a NUL or CR character, which is not allowed. It was not read."
        #expect(script.texts(yoda) == [refusal, refusal])
        #expect(script.told[hans] == [] && script.kept.count == before)
    }

    @Test func aDirectMessageIsStoredThenAcknowledgedAndDelivered() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        let phone = script.logIn("yoda")
        script.holdsBack = true
        let sentAt = script.now.wall
        script.send(yoda, .message(to: "LUKE", text: "  two  spaces", isNotice: false), label: "a")
        #expect(script.told[luke] == [], "nothing before the commit")
        #expect(script.answers[yoda]?.isEmpty == true)
        script.advance(milliseconds: 500)
        script.settle()
        #expect(script.messages(luke) == ["yoda:   two  spaces"])
        #expect(script.messages(phone) == ["yoda:   two  spaces"], "the sender's other sessions see it too")
        guard case .accepted(let message)? = script.told[yoda]?.first else {
            Issue.record("not acknowledged")
            return
        }
        #expect(message.time == sentAt, "the time at which the command arrived")
        #expect(script.answers[yoda]?.map(\.label) == ["a"])
        #expect(
            script.lines.suffix(2) == [
                "Received command: /msgto from user: yoda.", "User: yoda successfully sent a direct message to: LUKE.",
            ])
    }

    @Test func toAnAbsentAccountItIsStoredForTheNextLogIn() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .message(to: "hans", text: "one", isNotice: false))
        script.send(yoda, .message(to: "hans", text: "two", isNotice: false))
        #expect(script.texts(yoda) == Array(repeating: "hans is not active. The message will be delivered at the next login.", count: 2))
        let hans = script.connect()
        script.send(hans, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(hans) == ["yoda: one", "yoda: two"])
    }

    @Test func whatWasWrittenIsNotRepeated() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let hans = script.logIn("hans")
        script.send(yoda, .message(to: "hans", text: "one", isNotice: false))
        script.send(yoda, .message(to: "hans", text: "two", isNotice: false))
        var ids: [MessageID] = []
        for case .message(let message) in script.told[hans] ?? [] { ids.append(message.id) }
        script.handle(.disconnected(hans, .closed, acknowledged: ids.first))
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == ["yoda: two"], "the second never reached the socket")
        script.handle(.arrived([again: ids[1]]))
        script.handle(.disconnected(again, .closed, acknowledged: nil))
        let third = script.connect()
        script.send(third, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(third) == [])
    }

    /// A session is cut off before its message is stored: the account's other sessions still receive the message.
    @Test func whatWasSaidByASessionThatIsGoneIsToldToTheOthersOfItsAccount() {
        var script = HubScript()
        let (phone, laptop, hans) = (script.logIn("yoda"), script.logIn("yoda"), script.logIn("hans"))
        script.holdsBack = true
        script.send(phone, .message(to: "hans", text: "a", isNotice: false))
        script.handle(.disconnected(phone, .closed, acknowledged: nil))
        script.settle()
        #expect(script.messages(laptop) == ["yoda: a"] && script.messages(hans) == ["yoda: a"])
    }

    /// An attempt whose connection has ended while it was queued is not verified, does not count as a guess, and does not delay others for
    /// the same name.
    @Test func whoIsGoneIsNotJudged() {
        var script = HubScript()
        script.holdsBack = true
        let gone = (0..<3).map { _ in script.connect() }
        for id in gone { script.send(id, .logIn(name: "hans", password: "wrong", begins: true)) }
        let hans = script.connect()
        script.send(hans, .logIn(name: "hans", password: "pw-hans", begins: true))
        for id in gone { script.handle(.disconnected(id, .closed, acknowledged: nil)) }
        script.settle()
        #expect(script.told[hans]?.contains(.loggedIn(name: "hans")) == true)
        #expect(!script.kept.contains { if case .recorded(.lockOut) = $0 { true } else { false } })
        #expect(script.verifications == 2, "the one under way, and hans")
    }

    @Test func aSlowReaderThatWasClosedLosesNothing() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let fast = script.logIn("hans")
        let slow = script.logIn("hans")
        var ids: [MessageID] = []
        for text in ["a", "b", "c"] { script.send(yoda, .message(to: "hans", text: text, isNotice: false)) }
        for case .message(let message) in script.told[fast] ?? [] { ids.append(message.id) }
        script.handle(.arrived([fast: ids[2], slow: ids[0]]))
        script.disconnect(slow, .sendQueueExceeded, acknowledged: ids[0])
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == ["yoda: b", "yoda: c"])
    }

    /// Sessions count whether they have begun or not: one that is logged in and has not begun is a session, too.
    @Test(arguments: [true, false])
    func anAccountHasOnlySoManySessions(begins: Bool) {
        var script = HubScript()
        let ids = (0...Limits.sessionsPerAccount).map { _ in script.connect() }
        for id in ids { script.send(id, .logIn(name: "hans", password: "pw-hans", begins: begins)) }
        let refusal = Outgoing.reply(.tooManySessions(limit: Limits.sessionsPerAccount))
        #expect(ids.filter { script.told[$0]?.contains(refusal) == true } == [ids[Limits.sessionsPerAccount]])
        script.handle(.disconnected(ids[0], .closed, acknowledged: nil))
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: begins))
        #expect(script.told[again]?.contains(refusal) == false)
    }

    /// The other session stays and receives more before the one that was cut off is back.
    @Test func aSlowSessionLosesNothingWhileTheOtherGoesOn() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let fast = script.logIn("hans")
        let slow = script.logIn("hans")
        for text in ["a", "b"] { script.send(yoda, .message(to: "hans", text: text, isNotice: false)) }
        func ids() -> [MessageID] {
            (script.told[fast] ?? []).compactMap { if case .message(let message) = $0 { message.id } else { nil } }
        }
        script.handle(.arrived([fast: ids()[1], slow: ids()[0]]))
        script.disconnect(slow, .sendQueueExceeded, acknowledged: ids()[0])
        script.send(yoda, .message(to: "hans", text: "c", isNotice: false))
        script.handle(.arrived([fast: ids()[2]]))
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == ["yoda: b"], "and c is no news")
        let third = script.connect()
        script.handle(.arrived([again: ids()[2]]))
        script.send(third, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(third) == [], "once")
    }

    /// A page of missed messages was in the queue of a session that received none of it, while the other session received all.
    @Test func aSessionThatTookNothingOfItsReplayGetsItAgain() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        for text in ["a", "b"] { script.send(yoda, .message(to: "hans", text: text, isNotice: false)) }
        let (slow, fast) = (script.connect(), script.connect())
        for id in [slow, fast] { script.send(id, .logIn(name: "hans", password: "pw-hans", begins: true)) }
        #expect(script.messages(slow) == ["yoda: a", "yoda: b"] && script.messages(fast) == ["yoda: a", "yoda: b"])
        var last = MessageID.zero
        for case .message(let message) in script.told[fast] ?? [] { last = message.id }
        script.handle(.arrived([fast: last]))
        script.disconnect(slow, .sendQueueExceeded, acknowledged: nil)
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == ["yoda: a", "yoda: b"])
    }

    /// The session had logged in and received nothing yet, so nothing is recorded as undelivered.
    @Test func aSessionCutOffBeforeItBeganTakesNothingBack() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let fast = script.logIn("hans")
        script.send(yoda, .message(to: "hans", text: "a", isNotice: false))
        for case .message(let message) in script.told[fast] ?? [] { script.handle(.arrived([fast: message.id])) }
        let early = script.connect()
        script.send(early, .logIn(name: "hans", password: "pw-hans", begins: false))
        script.disconnect(early, .sendQueueExceeded, acknowledged: nil)
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == [])
    }

    /// Messages in flight when a connection ends are recorded as undelivered, however it ended, and whatever other sessions of the account
    /// have received since.
    @Test func whatWasInFlightWhenTheConnectionEndedIsUndelivered() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let (phone, laptop) = (script.logIn("hans"), script.logIn("hans"))
        for text in ["a", "b"] { script.send(yoda, .message(to: "hans", text: text, isNotice: false)) }
        let ids = script.messageIDs(laptop)
        script.handle(.arrived([phone: ids[0], laptop: ids[1]]))
        script.disconnect(phone, acknowledged: ids[0])
        // A client that fetches history by itself acknowledges none of it.
        let fetching = script.connect()
        script.send(fetching, .logIn(name: "hans", password: "pw-hans", begins: false))
        script.send(fetching, .begin(.nowhere))
        script.disconnect(fetching, acknowledged: nil)
        // Neither does a client whose connection ends before it has received them.
        let torn = script.connect()
        script.send(torn, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(torn) == ["yoda: b"])
        script.disconnect(torn, acknowledged: nil)
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == ["yoda: b"])
        script.disconnect(again, acknowledged: ids[1])
        let third = script.connect()
        script.send(third, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(third) == [])
    }

    /// A client that reconnects and names its last message gets the rest, even what another session has received, and what the account has
    /// sent elsewhere.
    @Test func whoSaysWhatItHasGoesOnFromThere() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let (phone, laptop) = (script.logIn("hans"), script.logIn("hans"))
        script.send(yoda, .message(to: "hans", text: "a", isNotice: false))
        let first = script.messageIDs(phone)[0]
        script.disconnect(phone, acknowledged: nil)
        script.send(yoda, .message(to: "hans", text: "b", isNotice: false))
        script.send(laptop, .message(to: "yoda", text: "from the laptop", isNotice: false))
        script.handle(.arrived([laptop: script.messageIDs(laptop)[1]]))
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: false))
        script.send(again, .begin(.after(first)))
        #expect(script.messages(again) == ["yoda: b", "hans: from the laptop"])
    }

    @Test func whatAClientSaysItHasShownIsNotReplayed() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let hans = script.logIn("hans")
        for text in ["a", "b"] { script.send(yoda, .message(to: "hans", text: text, isNotice: false)) }
        let ids = script.messageIDs(hans)
        script.forget(hans)
        script.send(hans, .shown(ids[0]))
        #expect(script.answers[hans]?.map(\.response) == [[]], "an answer like any other, and nothing in it")
        script.disconnect(hans, acknowledged: nil)
        let again = script.connect()
        script.send(again, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(again) == ["yoda: b"])
        // An acknowledgement of a future message is ignored.
        script.send(again, .shown(MessageID(rawValue: .max)))
        script.disconnect(again, acknowledged: nil)
        script.send(yoda, .message(to: "hans", text: "c", isNotice: false))
        let third = script.connect()
        script.send(third, .logIn(name: "hans", password: "pw-hans", begins: true))
        #expect(script.messages(third) == ["yoda: c"])
    }

    /// A message that the account sends from another session during this one's replay is as new to it as one a moment later.
    @Test func ownMessagesOfAnotherSessionComeWithTheReplay() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let laptop = script.logIn("hans")
        script.send(laptop, .message(to: "yoda", text: "before", isNotice: false))
        script.send(yoda, .message(to: "hans", text: "missed", isNotice: false))
        let phone = script.connect()
        script.holdsBack = true
        script.send(phone, .logIn(name: "hans", password: "pw-hans", begins: true))
        while script.told[phone]?.isEmpty ?? true { script.settleOne() }
        script.send(laptop, .message(to: "yoda", text: "meanwhile", isNotice: false))
        script.settle()
        #expect(script.messages(phone) == ["yoda: missed", "hans: meanwhile"])
    }

    @Test func withoutOfflineMessagesItIsRefused() {
        var configuration = HubConfiguration()
        configuration.keepsOfflineMessages = false
        var script = HubScript(configuration)
        let yoda = script.logIn("yoda")
        script.send(yoda, .message(to: "hans", text: "one", isNotice: false))
        #expect(script.texts(yoda) == ["hans is not active."])
        #expect(script.lines.last == "User: yoda failed to send a direct message to: hans: hans is not active.")
    }

    @Test func errorsNameWhatWasWrong() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .message(to: "hans2", text: "x", isNotice: false))
        script.send(yoda, .message(to: "luke", text: String(repeating: "x", count: 4097), isNotice: false))
        script.send(yoda, .groupMessage(group: "sith", text: "x", isNotice: false))
        #expect(
            script.texts(yoda) == [
                "There is no user hans2.", "The message is longer than 4096 bytes. It was not sent.", "There is no group chat sith.",
            ])
        #expect(script.kept.allSatisfy { if case .message = $0 { false } else { true } })
    }

    @Test func aFailingStoreRefusesAndTheServiceGoesOn() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.storeFails = true
        script.send(yoda, .message(to: "luke", text: "x", isNotice: false))
        script.send(yoda, .createGroup(name: "jedi", members: []))
        #expect(script.texts(yoda).count == 2 && script.texts(yoda).allSatisfy { $0.contains("could not store this") })
        #expect(script.told[luke] == [])
        script.storeFails = false
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.send(yoda, .message(to: "luke", text: "y", isNotice: false))
        #expect(script.messages(luke) == ["yoda: y"])
    }

    @Test func answersKeepTheOrderOfCommands() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.holdsBack = true
        script.send(yoda, .message(to: "luke", text: "1", isNotice: false), label: "1")
        script.send(yoda, .message(to: "nobody", text: "2", isNotice: false), label: "2")
        script.send(yoda, .createGroup(name: "jedi", members: []), label: "3")
        script.send(yoda, .groupMessage(group: "jedi", text: "4", isNotice: false), label: "4")
        script.send(yoda, .listActive, label: "5")
        script.settle()
        #expect(script.answers[yoda]?.map(\.label) == ["1", "2", "3", "4", "5"])
    }

    @Test func aFloodOfCommandsPausesItsReaderOnly() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.holdsBack = true
        for _ in 0..<200 { script.send(yoda, .joinGroup(name: "nowhere", createsMissing: true)) }
        #expect(script.paused == [yoda])
        script.settle()
        #expect(script.paused.isEmpty)
        #expect(script.answers[yoda]?.count == 200)
    }

    @Test func whatIsSentAgainAfterALostConnectionIsSaidOnce() {
        var script = HubScript()
        let first = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.holdsBack = true
        script.send(first, .message(to: "luke", text: "once", isNotice: false, nonce: "n1"))
        script.handle(.disconnected(first, .closed, acknowledged: nil))
        script.settle()
        script.holdsBack = false
        let second = script.logIn("yoda")
        script.holdsBack = true
        script.send(second, .message(to: "luke", text: "once", isNotice: false, nonce: "n1"), label: "n1")
        script.send(second, .message(to: "luke", text: "twice", isNotice: false, nonce: "n2"), label: "n2")
        script.send(second, .message(to: "luke", text: "twice", isNotice: false, nonce: "n2"), label: "n2 again")
        script.settle()
        #expect(script.messages(luke) == ["yoda: once", "yoda: twice"])
        let accepted = (script.answers[second] ?? []).compactMap { answer -> MessageID? in
            if case .accepted(let message)? = answer.response.first { message.id } else { nil }
        }
        #expect(accepted.count == 3 && accepted[1] == accepted[2])
        // After a failed commit the same message can be sent again. Nonces of other accounts are different ones.
        script.holdsBack = false
        script.storeFails = true
        script.send(second, .message(to: "luke", text: "later", isNotice: false, nonce: "n3"))
        script.storeFails = false
        script.send(second, .message(to: "luke", text: "later", isNotice: false, nonce: "n3"))
        script.send(luke, .message(to: "yoda", text: "mine", isNotice: false, nonce: "n1"))
        #expect(script.messages(luke).last == "yoda: later")
        #expect(script.messages(second) == ["luke: mine"])
    }

    @Test func aRepetitionIsKnownAfterARestart() throws {
        var state = StoreState()
        state.sent = [
            .init(
                account: AccountID(rawValue: 1), nonce: "n", message: MessageID(rawValue: 77),
                time: Timestamp(milliseconds: 1_699_999_999_995))
        ]
        var script = HubScript(state: state)
        let yoda = script.logIn("yoda")
        script.send(yoda, .message(to: "luke", text: "x", isNotice: false, nonce: "n"))
        guard case .accepted(let message)? = script.told[yoda]?.first else {
            Issue.record("not acknowledged")
            return
        }
        #expect(message.id == MessageID(rawValue: 77) && message.time.milliseconds == 1_699_999_999_995)
        #expect(script.kept.allSatisfy { if case .message = $0 { false } else { true } })
    }

    /// Commands above the rate wait for their turn, a burst of ten seconds is allowed, and nothing is refused.
    @Test func floodControl() {
        var configuration = HubConfiguration()
        configuration.messageRate = 2
        var script = HubScript(configuration)
        let yoda = script.logIn("yoda")
        for _ in 0..<25 { script.send(yoda, .message(to: "luke", text: "x", isNotice: false)) }
        func sent() -> Int { script.told[yoda]?.count(where: \.isAcceptance) ?? 0 }
        #expect(sent() == 20)
        script.advance(milliseconds: 499)
        #expect(sent() == 20)
        script.advance(milliseconds: 1)
        #expect(sent() == 21)
        script.advance(milliseconds: 2000)
        #expect(sent() == 25)
        #expect(script.texts(yoda).allSatisfy { $0 == Reply.kept(for: "luke").text })
    }

    /// The byte rate allows a burst of ten seconds; a line of the greatest length gets through in the end.
    @Test func floodControlOfBytes() {
        var configuration = HubConfiguration()
        configuration.byteRate = 2000
        var script = HubScript(configuration)
        let yoda = script.logIn("yoda")
        func send(_ bytes: Int) {
            script.handle(.command(yoda, .message(to: "luke", text: "x", isNotice: false), label: nil, bytes: bytes))
        }
        func sent(_ id: SessionID) -> Int { script.told[id]?.count(where: \.isAcceptance) ?? 0 }
        for _ in 0..<6 { send(4000) }
        #expect(sent(yoda) == 5)
        script.advance(milliseconds: 1999)
        #expect(sent(yoda) == 5)
        script.advance(milliseconds: 1)
        #expect(sent(yoda) == 6)
        // With a bound far below that, a longest line waits until the whole budget is available again.
        configuration.byteRate = 10
        script = HubScript(configuration)
        let luke = script.logIn("luke")
        for _ in 0..<2 {
            script.handle(
                .command(luke, .message(to: "yoda", text: "x", isNotice: false), label: nil, bytes: IRCCodec.maximumLine))
        }
        script.advance(milliseconds: Int64(IRCCodec.maximumLine) * 100 - 1)
        #expect(sent(luke) == 1)
        script.advance(milliseconds: 1)
        #expect(sent(luke) == 2)
    }

    /// Before its log-in a client has the same budget as after it, and each of its lines costs.
    @Test func floodsBeforeLogInEnd() {
        var configuration = HubConfiguration()
        configuration.messageRate = 20
        configuration.byteRate = 32_000
        func closed(_ flood: (inout HubScript, SessionID) -> Void) -> Bool {
            var script = HubScript(configuration)
            let id = script.connect()
            flood(&script, id)
            if script.closed.contains(id) { #expect(script.told[id]?.last == .farewell(.flooded)) }
            return script.closed.contains(id)
        }
        #expect(!closed { for _ in 1...200 { $0.handle(.inputConsumed($1, lines: 1, bytes: 9)) } })
        #expect(closed { for _ in 1...201 { $0.handle(.inputConsumed($1, lines: 1, bytes: 9)) } })
        #expect(closed { for _ in 1...2 { $0.handle(.inputConsumed($1, lines: 5000, bytes: 40_000)) } })
        #expect(!closed { for _ in 1...20 { $0.handle(.inputConsumed($1, lines: 0, bytes: 16_000)) } })
        #expect(closed { for _ in 1...21 { $0.handle(.inputConsumed($1, lines: 0, bytes: 16_000)) } })
        #expect(closed { for _ in 1...201 { $0.send($1, .identify(name: "yoda")) } })
        #expect(closed { for _ in 1...201 { $0.send($1, .answeredByCodec) } })
        #expect(
            !closed {
                for _ in 1...100 {
                    for _ in 1...20 { $0.handle(.inputConsumed($1, lines: 1, bytes: 9)) }
                    $0.advance(milliseconds: 1000)
                }
            })
    }

    /// The lowest rate is enough to log in, and the log-in does not reduce the budget after it.
    @Test func loggingInCostsNoMessage() {
        var configuration = HubConfiguration()
        configuration.messageRate = 1
        var script = HubScript(configuration)
        let yoda = script.connect()
        for _ in 1...63 { script.handle(.inputConsumed(yoda, lines: 1, bytes: 9)) }
        script.send(yoda, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        script.forget(yoda)
        for _ in 1...11 { script.send(yoda, .message(to: "luke", text: "x", isNotice: false)) }
        #expect(script.told[yoda]?.count(where: \.isAcceptance) == 10)
        script.advance(milliseconds: 1000)
        #expect(script.told[yoda]?.count(where: \.isAcceptance) == 11)
    }

    @Test func messagesDuringAReplayComeOnceAndInOrder() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        for index in 0..<250 { script.send(yoda, .message(to: "hans", text: "m\(index)", isNotice: false)) }
        script.holdsBack = true
        let hans = script.connect()
        script.send(hans, .logIn(name: "hans", password: "pw-hans", begins: true))
        for index in 250..<260 {
            script.settleOne()
            script.send(yoda, .message(to: "hans", text: "m\(index)", isNotice: false))
        }
        script.settle()
        #expect(script.messages(hans) == (0..<260).map { "yoda: m\($0)" })
    }
}

struct GroupTests {
    @Test func aGroupGoesWithItsLastMember() throws {
        var script = HubScript()
        let (yoda, luke) = (script.logIn("yoda"), script.logIn("luke"))
        script.send(yoda, .createGroup(name: "jedi", members: ["hans", "luke"]))
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        script.send(yoda, .groupMessage(group: "jedi", text: "secret", isNotice: false))
        script.send(yoda, .markRead(with: .group("jedi"), script.now.wall))
        script.send(yoda, .leaveGroup(name: "jedi"))
        script.send(luke, .groupMessage(group: "jedi", text: "alone", isNotice: false))
        script.send(luke, .leaveGroup(name: "jedi"))
        script.forget(yoda)
        script.send(yoda, .listGroups(quietly: false))
        script.send(yoda, .joinGroup(name: "jedi", createsMissing: false))
        #expect(script.texts(yoda) == ["There is no group chat yet.", "There is no group chat jedi."])
        // Another group of the same name inherits nothing: neither invitations nor messages.
        script.send(luke, .createGroup(name: "Jedi", members: []))
        script.forget(luke)
        script.send(luke, .history(with: .group("jedi"), HistoryRange(takesLatest: true, limit: 9)))
        #expect(script.told[luke] == [.history(with: "#Jedi", [])])
        let groups = script.kept.compactMap { if case .groupCreated(let group) = $0 { group.id } else { nil } }
        let first = try #require(groups.first)
        #expect(Set(groups).count == 2 && script.log.directory.groups[first] == nil)
    }

    /// The order decides: a user who joins before the last member leaves keeps the group; one who joins after it finds none.
    @Test(arguments: [true, false]) func whoJoinsWhileTheLastOneLeaves(joinsFirst: Bool) {
        var script = HubScript()
        let (yoda, luke) = (script.logIn("yoda"), script.logIn("luke"))
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.holdsBack = true
        if joinsFirst { script.send(luke, .joinGroup(name: "jedi", createsMissing: false)) }
        script.send(yoda, .leaveGroup(name: "jedi"))
        if !joinsFirst { script.send(luke, .joinGroup(name: "jedi", createsMissing: false)) }
        script.settle()
        #expect(script.texts(luke).contains(joinsFirst ? "You joined the group chat jedi." : "There is no group chat jedi."))
        #expect(script.log.directory.group(named: "jedi")?.members == (joinsFirst ? [AccountID(rawValue: 2)] : nil))
        script.holdsBack = false
        script.send(luke, .leaveGroup(name: "jedi"))
        #expect(script.log.directory.groups.isEmpty)
    }

    @Test func aGroupGoesWithTheAccountOfItsLastMember() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.removeAccount("yoda")
        script.watch()
        let luke = script.logIn("luke")
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        #expect(script.texts(luke) == ["There is no group chat jedi."])
    }

    /// Leaving a group does not allow its founder another one as long as it has members.
    @Test func groupsThatOneHasMadeAreCounted() {
        var script = HubScript()
        let (yoda, luke) = (script.logIn("yoda"), script.logIn("luke"))
        for number in 1...Limits.groupsPerAccount {
            script.send(yoda, .createGroup(name: "g\(number)", members: []))
            script.send(luke, .joinGroup(name: "g\(number)", createsMissing: false))
            script.send(yoda, .leaveGroup(name: "g\(number)"))
        }
        script.forget(yoda)
        script.send(yoda, .createGroup(name: "more", members: []))
        #expect(script.texts(yoda) == ["You have made 256 group chats that still exist. You cannot make more."])
        script.send(luke, .leaveGroup(name: "g1"))
        script.forget(yoda)
        script.send(yoda, .createGroup(name: "more", members: []))
        #expect(script.texts(yoda) == ["The group chat more has been created. Everybody can join it."])
    }

    @Test func anOpenGroup() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.send(yoda, .createGroup(name: "jedi", members: []))
        #expect(script.texts(yoda) == ["The group chat jedi has been created. Everybody can join it."])
        #expect(
            script.lines.suffix(2) == [
                "Received command: /creategroup from user: yoda.", "User: yoda successfully created the group chat: jedi.",
            ])
        script.send(luke, .groupMessage(group: "jedi", text: "x", isNotice: false))
        #expect(script.texts(luke) == ["You are not in the group chat jedi."])
        script.send(luke, .joinGroup(name: "Jedi", createsMissing: false))
        #expect(script.texts(luke).last == "You joined the group chat jedi.")
        #expect(script.told[yoda]?.contains(.memberJoined(user: "luke", group: "jedi")) == true)
        script.forget(luke)
        script.send(yoda, .groupMessage(group: "jedi", text: "do or do not", isNotice: false))
        #expect(script.messages(luke) == ["yoda: do or do not"])
        script.send(luke, .createGroup(name: "JEDI", members: []))
        #expect(script.texts(luke) == ["The group chat jedi already exists."])
        script.send(luke, .joinGroup(name: "sith", createsMissing: false))
        #expect(script.lines.last == "User: luke failed to join the group chat: sith: there is no such group chat.")
    }

    @Test func twoWhoJoinAGroupThatIsNotThereAreInOne() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.holdsBack = true
        script.send(yoda, .joinGroup(name: "jedi", createsMissing: true))
        script.send(luke, .joinGroup(name: "Jedi", createsMissing: true))
        script.settle()
        #expect(script.texts(luke).last == "You joined the group chat jedi.")
        script.send(yoda, .groupMessage(group: "jedi", text: "together", isNotice: false))
        script.settle()
        #expect(script.messages(luke) == ["yoda: together"])
    }

    @Test func onlyTheNamedCanJoinAGroupWithMembers() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        let hans = script.logIn("hans")
        script.send(yoda, .createGroup(name: "jedi", members: ["luke", "yoda", "luke"]))
        #expect(script.texts(yoda) == ["The group chat jedi has been created for luke."])
        #expect(script.told[luke] == [.invitation(by: "yoda", to: "luke", group: "jedi")])
        script.send(hans, .joinGroup(name: "jedi", createsMissing: true))
        #expect(script.texts(hans) == ["You were not invited to the group chat jedi."])
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        #expect(script.texts(luke) == ["You joined the group chat jedi."])
        script.send(hans, .invite(user: "hans", group: "jedi"))
        #expect(script.texts(hans).last == "You are not in the group chat jedi.")
        script.send(luke, .invite(user: "hans", group: "jedi"))
        script.send(hans, .joinGroup(name: "jedi", createsMissing: false))
        #expect(script.texts(hans).last == "You joined the group chat jedi.")
        script.send(yoda, .createGroup(name: "x", members: ["nobody"]))
        #expect(script.texts(yoda).last == "There is no user nobody.")
        script.send(yoda, .createGroup(name: "a b", members: []))
        #expect(script.texts(yoda).last?.hasPrefix("The group name a b is not allowed") == true)
    }

    @Test func twoWhoMakeTheSameGroupAtOnce() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.holdsBack = true
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.send(luke, .createGroup(name: "jedi", members: []))
        script.settle()
        #expect(script.texts(yoda) == ["The group chat jedi has been created. Everybody can join it."])
        #expect(script.texts(luke) == ["The group chat jedi already exists."])
    }

    @Test func membersSeeWhatWasSaidWhileTheyWereAway() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        var luke = script.logIn("luke")
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.send(yoda, .groupMessage(group: "jedi", text: "before", isNotice: false))
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        script.handle(.disconnected(luke, .closed, acknowledged: nil))
        script.send(yoda, .groupMessage(group: "jedi", text: "after", isNotice: false))
        luke = script.connect()
        script.send(luke, .logIn(name: "luke", password: "pw-luke", begins: true))
        #expect(script.messages(luke) == ["yoda: after"])
        #expect(script.told[luke]?.contains { if case .entered(let roster, _) = $0 { roster.group == "jedi" } else { false } } == true)
        script.send(luke, .leaveGroup(name: "jedi"))
        script.send(yoda, .groupMessage(group: "jedi", text: "gone", isNotice: false))
        #expect(script.messages(luke) == ["yoda: after"])
    }
}

struct PresenceTests {
    @Test func activeUsers() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .listActive)
        #expect(script.texts(yoda) == ["No other active user."])
        script.forget(yoda)
        let since = script.now.wall
        let luke = script.logIn("luke")
        script.advance(milliseconds: 5000)
        _ = script.logIn("luke")
        _ = script.logIn("yoda")
        script.send(yoda, .listActive)
        #expect(script.texts(yoda) == ["luke, active since \(since)"], "once, since the earliest session")
        script.handle(.disconnected(luke, .closed, acknowledged: nil))
        script.forget(yoda)
        script.send(yoda, .listActive)
        #expect(script.texts(yoda) == ["luke, active since \(since.adding(milliseconds: 5000))"])
    }

    @Test func signalsReachEverySessionAndAreSettledForTheOthers() throws {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let phone = script.logIn("yoda")
        let luke = script.logIn("luke")
        let offer = try #require(TransferSignal(verb: .offer, id: "1", payload: "opaque"))
        script.send(yoda, .signal(to: "luke", offer))
        #expect(script.told[luke] == [.signal(from: "yoda", to: "luke", offer)])
        #expect(script.told[phone] == [.signal(from: "yoda", to: "luke", offer)])
        #expect(
            script.lines.suffix(2) == ["Received command: /p2pvideo from user: yoda.", "User: yoda successfully offered a file to: luke."])
        // A request that a program makes by itself is not logged.
        let events = script.lines.count
        script.send(yoda, .listGroups(quietly: true))
        #expect(script.lines.count == events)
        script.send(yoda, .signal(to: "hans", offer))
        #expect(script.texts(yoda).last == "hans is not active.")
    }

    @Test func logOutAndShutDown() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.send(yoda, .logOut)
        #expect(script.told[yoda] == [.farewell(.goodbye(name: "yoda"))])
        #expect(script.closed == [yoda])
        script.handle(.shutDown)
        #expect(script.told[luke] == [.farewell(.shuttingDown)])
        #expect(script.hasStopped)
    }

    @Test func connectionsThatDoNotLogInAreBounded() {
        var script = HubScript()
        let local = (0..<10).map { _ in script.connect() }
        script.holdsBack = true
        let strangers = (0..<2010).map { script.connect(from: "192.0.2.\($0 % 250)") }
        #expect(script.closed == Set(strangers.suffix(10)) && script.texts(strangers[2009]) == ["The server is busy. Try again."])
        _ = script.connect()
        #expect(script.closed.count == 10, "the own machine is never turned away, and takes nobody's place")
        script.send(strangers[0], .logIn(name: "yoda", password: "pw-yoda", begins: true))
        script.settle()
        _ = script.connect(from: "192.0.2.1")
        #expect(script.closed.count == 10, "who logs in makes room")
        script.handle(.disconnected(strangers[1], .closed, acknowledged: nil))
        _ = script.connect(from: "192.0.2.1")
        #expect(script.closed.count == 10, "who goes makes room")
        script.holdsBack = true
        for _ in 0..<5 { _ = script.connect(from: "192.0.2.1") }
        script.handle(.disconnected(strangers[2], .closed, acknowledged: nil))
        _ = script.connect(from: "192.0.2.1")
        #expect(script.closed.count == 15, "who is being turned away takes nobody's place")
        #expect(local.allSatisfy { !script.closed.contains($0) })
    }

    @Test func connectionsOfOneAddressAreBounded() {
        var configuration = HubConfiguration()
        configuration.maximumConnectionsPerAddress = 2
        var script = HubScript(configuration)
        let first = script.connect(from: "192.0.2.1")
        _ = script.connect(from: "192.0.2.1")
        let third = script.connect(from: "192.0.2.1")
        _ = script.connect(from: "192.0.2.2")
        #expect(script.closed == [third])
        for _ in 0..<5 { _ = script.connect() }
        #expect(script.closed == [third], "loopback is not counted")
        script.handle(.disconnected(first, .closed, acknowledged: nil))
        _ = script.connect(from: "192.0.2.1")
        #expect(script.closed == [third])
    }
}

extension Outgoing {
    fileprivate var isAcceptance: Bool { if case .accepted = self { true } else { false } }
}
