import ChatProtocol
import ChatStore
import Testing

@testable import ChatHub

struct AttemptThrottleTests {
    /// After thirty failures with many names an address has to wait; other addresses and loopback do not.
    @Test func guessingOverManyNamesIsSlow() {
        let names = (0..<60).map { "name\($0)" }
        var script = HubScript(users: names)
        let guesser = script.connect(from: "192.0.2.1")
        var refusedAt: Int?
        for (index, name) in names.enumerated() where refusedAt == nil {
            script.forget(guesser)
            script.send(guesser, .logIn(name: name, password: "guess", begins: true))
            if script.told[guesser] == [.reply(.tooManyAttempts(seconds: 4))] { refusedAt = index }
        }
        #expect(refusedAt == 30 && script.verifications == 30)
        #expect(script.lines.last == "User: name29 failed to log in: invalid credentials (from 192.0.2.1).")
        // Not even the right password is verified, and none of these attempts blocks a name.
        script.forget(guesser)
        script.send(guesser, .logIn(name: "name59", password: "pw-name59", begins: true))
        #expect(script.told[guesser] == [.reply(.tooManyAttempts(seconds: 4))])
        for address in ["192.0.2.2", "127.0.0.1"] {
            let other = script.connect(from: address)
            script.send(other, .logIn(name: "name59", password: "pw-name59", begins: true))
            #expect(script.told[other]?.first == .loggedIn(name: "name59"))
        }
        script.advance(milliseconds: 3_334)
        script.forget(guesser)
        script.send(guesser, .logIn(name: "name59", password: "pw-name59", begins: true))
        #expect(script.told[guesser]?.first == .loggedIn(name: "name59"))
    }

    /// Refused attempts do not get a line each in the log: one line a minute for each address counts them.
    @Test func refusedTriesAreToldOfOnceAMinute() {
        var script = HubScript()
        script.handle(.tick)
        let guesser = script.connect(from: "192.0.2.1")
        for _ in 0..<1030 { script.send(guesser, .logIn(name: "nobody", password: "guess", begins: true)) }
        let other = script.connect(from: "192.0.2.2")
        for index in 0..<31 { script.send(other, .identify(name: "nobody\(index)")) }
        let before = script.lines
        #expect(before.count == 60 && before[29] == "User: nobody failed to log in: there is no user nobody (from 192.0.2.1).")
        #expect(before.last == "User: nobody29 failed to log in: there is no user nobody29 (from 192.0.2.2).")
        script.advance(milliseconds: 59_999)
        script.handle(.tick)
        #expect(script.lines == before)
        script.advance(milliseconds: 1)
        for _ in 0..<2 { script.handle(.tick) }
        let lines = [
            "Refused 1000 log-ins from 192.0.2.1: too many failed log-ins from that address.",
            "Refused 1 log-in from 192.0.2.2: too many failed log-ins from that address.",
        ]
        #expect(script.lines == before + lines)
    }

    @Test func whatWasRefusedIsToldOfAtTheEndToo() {
        var script = HubScript()
        let guesser = script.connect(from: "192.0.2.1")
        for _ in 0..<31 { script.send(guesser, .logIn(name: "nobody", password: "guess", begins: true)) }
        script.handle(.shutDown)
        #expect(script.lines.last == "Refused 1 log-in from 192.0.2.1: too many failed log-ins from that address.")
    }

    /// A hostile client's name may fill a line; in the log it is at most twice as long as a name can be.
    @Test func longNamesAreCutInTheLog() {
        let long = String(repeating: "ü", count: 2000)
        let shown = "\"" + String(repeating: "\\u00fc", count: 32) + "\\u2026\""
        var script = HubScript()
        script.send(script.connect(), .logIn(name: long, password: "guess", begins: true))
        #expect(script.lines.last == "User: \(shown) failed to log in: there is no user \(shown) (from 127.0.0.1).")
        let yoda = script.logIn("yoda")
        script.send(yoda, .message(to: long, text: "hi", isNotice: false))
        #expect(script.lines.last == "User: yoda failed to send a direct message to: \(shown): there is no user \(shown).")
        for command in [
            Command.groupMessage(group: long, text: "hi", isNotice: false), .createGroup(name: long, members: []),
            .joinGroup(name: long, createsMissing: false), .leaveGroup(name: long), .invite(user: long, group: long),
            .listMembers(group: long), .history(with: .user(long), HistoryRange(takesLatest: true, limit: 1)),
        ] {
            script.send(yoda, command)
            let line = script.lines.last ?? ""
            #expect(line.hasPrefix("User: yoda failed to ") && line.utf8.count < 600)
        }
    }

    @Test(arguments: [("a", 1, "a"), ("ab", 1, "a…"), ("aü🙂", 6, "aü…"), ("aü🙂", 7, "aü🙂"), ("ü", 1, "…"), ("", 0, "")])
    func whatIsCutEndsWithAWholeCharacter(text: String, limit: Int, shown: String) {
        #expect(SafeText.cut(text, to: limit) == shown)
    }

    @Test func whoSucceedsIsNotCounted() {
        var script = HubScript()
        for _ in 0..<100 {
            let id = script.connect(from: "192.0.2.1")
            script.send(id, .identify(name: "yoda"))
            script.send(id, .logIn(name: "yoda", password: "pw-yoda", begins: true))
            #expect(script.told[id]?.contains(.loggedIn(name: "yoda")) == true)
            script.handle(.disconnected(id, .closed, acknowledged: nil))
        }
    }

    @Test func findingOutNamesIsGuessing() {
        var script = HubScript()
        let id = script.connect(from: "192.0.2.1")
        for index in 0..<31 { script.send(id, .identify(name: "nobody\(index)")) }
        #expect(script.texts(id).prefix(30).allSatisfy { $0.hasPrefix("There is no user") })
        #expect(script.texts(id).last == "Too many failed log-ins from your address. Try again 4 seconds later.")
        script.send(id, .identify(name: "yoda"))
        #expect(script.told[id]?.last == .askPassword(name: "yoda"), "a name that is known costs nothing")
        let local = script.connect()
        for index in 0..<100 { script.send(local, .identify(name: "nobody\(index)")) }
        #expect(script.texts(local).allSatisfy { $0.hasPrefix("There is no user") })
    }

    /// Attempts in progress count: a thousand parallel ones do not evade the limit.
    @Test func triesAtTheSameTimeCount() {
        let names = (0..<100).map { "name\($0)" }
        var script = HubScript(users: names)
        script.holdsBack = true
        for name in names {
            let id = script.connect(from: "192.0.2.1")
            script.send(id, .logIn(name: name, password: "guess", begins: true))
        }
        #expect(script.verifications == 30)
    }

    /// Attempts that wait in the queue of a name and end before their turn do not count.
    @Test func triesThatWereNeverJudgedDoNotCount() {
        var script = HubScript()
        script.holdsBack = true
        let ids = (0..<30).map { _ in script.connect(from: "192.0.2.1") }
        for id in ids { script.send(id, .logIn(name: "yoda", password: "pw-yoda", begins: true)) }
        for id in ids.dropFirst() { script.handle(.disconnected(id, .closed, acknowledged: nil)) }
        script.settle()
        script.holdsBack = false
        let again = (0..<30).map { _ in script.connect(from: "192.0.2.1") }
        for id in again { script.send(id, .logIn(name: "yoda", password: "wrong", begins: true)) }
        #expect(!again.flatMap(script.texts).contains { $0.hasPrefix("Too many failed log-ins") })
    }

    /// After the loss of a network's link many clients reconnect at once with tokens; expired tokens count as failed attempts.
    @Test func tokensCountWhenTheyFail() {
        let names = (0..<100).map { "name\($0)" }
        var script = HubScript(users: names)
        for (index, name) in names.enumerated() { script.tokens[HubScript.token(index)] = name }
        script.holdsBack = true
        let ids = names.map { _ in script.connect(from: "192.0.2.1") }
        for (index, id) in ids.enumerated() { script.send(id, .logIn(name: names[index], password: HubScript.token(index), begins: true)) }
        script.settle()
        #expect(ids.indices.allSatisfy { script.told[ids[$0]]?.first == .loggedIn(name: names[$0]) })
        script.holdsBack = false
        let guesser = script.connect(from: "192.0.2.1")
        for _ in 0..<31 { script.send(guesser, .logIn(name: "name1", password: HubScript.token(99), begins: true)) }
        #expect(script.told[guesser]?.prefix(30).allSatisfy { $0 == .reply(.tokenExpired) } == true)
        #expect(script.told[guesser]?.last == .reply(.tooManyAttempts(seconds: 4)))
        script.send(guesser, .logIn(name: "name1", password: "pw-name1", begins: true))
        #expect(script.told[guesser]?.last == .reply(.tooManyAttempts(seconds: 4)))
    }

    @Test func whatIsOverIsForgotten() {
        var throttle = AttemptThrottle(maximumAttempts: 3, blockSeconds: 10)
        for index in 0..<1000 { #expect(throttle.charge("address\(index)", at: 0) == nil) }
        #expect(throttle.sweep(at: 60_000).isEmpty)
        #expect(throttle.count == 0)
        #expect(throttle.charge(nil, at: 0) == nil)
        // However long the block of a name lasts, an address may try once in ten seconds.
        throttle = AttemptThrottle(maximumAttempts: 1, blockSeconds: 86_400)
        for _ in 0..<10 { #expect(throttle.charge("a", at: 0) == nil) }
        #expect(throttle.charge("a", at: 0) == 10)
        #expect(throttle.charge("a", at: 10_000) == nil)
    }
}
