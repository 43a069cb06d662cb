import ChatHub
import ChatProtocol
import ChatStore
import Testing

struct PasswordChangeTests {
    @Test func byWhoKnowsTheOldOne() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .changePassword(old: "pw-yoda", new: "new"))
        #expect(script.texts(yoda) == ["Your password has been changed."])
        let again = script.connect()
        script.send(again, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.texts(again) == ["Invalid credentials. Try again."])
        script.send(again, .logIn(name: "yoda", password: "new", begins: true))
        #expect(script.told[again]?.contains(.loggedIn(name: "yoda")) == true)
    }

    @Test func wrongOnesAreCountedLikeAtTheDoor() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        for _ in 0..<3 { script.send(yoda, .changePassword(old: "no", new: "new")) }
        #expect(script.texts(yoda).last?.hasPrefix("You are blocked due to multiple failed login attempts.") == true)
        let before = script.verifications
        script.send(yoda, .changePassword(old: "pw-yoda", new: "new"))
        #expect(script.texts(yoda).last == "You are blocked. Please try again later." && script.verifications == before)
        for bad in ["", String(repeating: "x", count: 513), "a\u{1B}b", HubScript.token(1)] {
            script.send(yoda, .changePassword(old: "pw-yoda", new: bad))
        }
        #expect(script.texts(yoda).suffix(4) == PasswordRule.Defect.allCases.map(\.text)[...])
    }

    /// Many sessions of one account that guess at the same time get no more guesses than one, and share one queue with log-ins.
    @Test func guessesAtTheSameTimeAreCountedTogether() {
        var script = HubScript()
        let sessions = (0..<10).map { _ in script.logIn("yoda") }
        let door = script.connect()
        let before = script.verifications
        script.holdsBack = true
        for id in sessions.prefix(2) { script.send(id, .changePassword(old: "no", new: "new")) }
        script.send(door, .logIn(name: "yoda", password: "no", begins: true))
        for id in sessions.dropFirst(2) { script.send(id, .changePassword(old: "no", new: "new")) }
        #expect(script.verifications == before + 1, "one at a time")
        script.settle()
        #expect(script.verifications == before + 3)
        #expect(script.texts(door).first == "Invalid credentials. Try again.")
        #expect(script.texts(door).last?.hasPrefix("You are blocked due to multiple failed") == true)
        #expect(sessions.prefix(2).allSatisfy { script.texts($0) == ["Invalid credentials. Try again."] })
        #expect(sessions.dropFirst(2).allSatisfy { script.texts($0) == ["You are blocked. Please try again later."] })
    }

    @Test func theRightOneEndsTheRowOfWrongOnes() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        for old in ["no", "no", "pw-yoda", "no", "no"] { script.send(yoda, .changePassword(old: old, new: "pw-yoda")) }
        #expect(!script.texts(yoda).contains { $0.hasPrefix("You are blocked") })
    }

    /// Sessions with the old password are closed; the one that has changed it stays.
    @Test func theOtherSessionsAreClosed() {
        var script = HubScript()
        let (mine, other, luke) = (script.logIn("yoda"), script.logIn("yoda"), script.logIn("luke"))
        // A session that has not begun yet is closed as well.
        let half = script.connect()
        script.send(half, .logIn(name: "yoda", password: "pw-yoda", begins: false))
        script.send(mine, .changePassword(old: "pw-yoda", new: "new"))
        #expect(script.texts(mine) == ["Your password has been changed."])
        #expect(script.closed == [other, half])
        #expect(script.texts(other) == ["The password of yoda has been changed. Log in with the new one."])
        #expect(
            script.lines.suffix(2) == [
                "User: yoda successfully logged out 2 sessions that used the old password.",
                "User: yoda successfully changed the password.",
            ])
        script.watch()
        #expect(script.closed == [other, half] && script.texts(luke).isEmpty, "and nobody else, now or later")
    }

    @Test func onesThatAreSetFromOutsideCloseAll() throws {
        var script = HubScript()
        let sessions = [script.logIn("yoda"), script.logIn("yoda")]
        script.setPassword(of: try #require(script.accounts["yoda"]), to: "new")
        // The hub learns of the change late: a session that has logged in with the new password in the meantime stays.
        let new = script.connect()
        script.send(new, .logIn(name: "yoda", password: "new", begins: true))
        script.watch()
        #expect(script.closed == Set(sessions) && script.told[new]?.first == .loggedIn(name: "yoda"))
    }

    /// The password was right when it was verified, and was changed before the log-in was complete.
    @Test func aLogInThatTheChangeOvertakesIsRefused() throws {
        var script = HubScript()
        script.holdsBack = true
        let id = script.connect()
        script.send(id, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        script.setPassword(of: try #require(script.accounts["yoda"]), to: "new")
        script.watch()
        script.settle()
        #expect(script.texts(id) == ["The password of yoda has been changed. Log in with the new one."])
        #expect(script.told[id]?.contains(.loggedIn(name: "yoda")) == false)
    }

    /// A token that is issued while the password changes is invalid.
    @Test func aTokenThatTheChangeOvertakesIsNone() {
        var script = HubScript()
        let (thief, yoda) = (script.logIn("yoda"), script.logIn("yoda"))
        script.holdsBack = true
        script.send(yoda, .changePassword(old: "pw-yoda", new: "new"))
        script.settleOne()
        script.send(thief, .issueToken)
        script.settle()
        #expect(script.closed.contains(thief) && script.tokens.isEmpty)
    }

    /// An account gets as many tokens as it can have, and then one every ten seconds, however many sessions ask.
    @Test func tokensAreGivenNowAndThen() {
        var script = HubScript()
        let (one, other) = (script.logIn("yoda"), script.logIn("yoda"))
        for _ in 0..<16 { for id in [one, other] { script.send(id, .issueToken) } }
        #expect(script.tokens.count == 32)
        for id in [one, other] {
            script.send(id, .issueToken)
            #expect(script.texts(id).last == "Your account has asked for too many tokens. Try again 10 seconds later.")
        }
        script.advance(milliseconds: 10_000)
        script.send(other, .issueToken)
        #expect(script.tokens.count == 33)
    }

    @Test func aTokenIsGivenWhenItHasBeenStored() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.storeFails = true
        script.send(yoda, .issueToken)
        #expect(script.told[yoda] == [.reply(.storeFailed)] && script.tokens.isEmpty)
    }

    @Test func aTokenIsGivenOnRequest() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .issueToken)
        #expect(script.told[yoda] == [.reply(.resumeToken(HubScript.token(1), seconds: 60))])
    }
}
