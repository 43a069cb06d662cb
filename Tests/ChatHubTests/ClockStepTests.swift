import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Testing

/// Steps of the wall clock, by a person or by time synchronisation: forward, back, and while the server is down.
struct ClockStepTests {
    private static let day: Int64 = 86_400_000
    private static let year = 365 * day

    private static func messages(_ script: HubScript) -> [ChatMessage] {
        script.kept.compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    /// The hub after a restart on the same store.
    private static func restarted(_ script: HubScript, at step: Int64) -> HubScript {
        return HubScript(state: script.log.state(), now: EventTime(wall: script.now.wall.adding(milliseconds: step), uptime: 1))
    }

    @Test func idsOnlyGrowAndTimesAreTheClocks() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        var times: [Timestamp] = []
        for (number, step) in [0, -Self.day, 0, Self.year, -2 * Self.year, 1, -1].enumerated() {
            script.stepClock(milliseconds: step)
            times.append(script.now.wall)
            script.send(yoda, .message(to: "luke", text: "m\(number)", isNotice: false))
        }
        var next = Self.restarted(script, at: -Self.year)
        let again = next.logIn("yoda")
        for number in 7...9 {
            times.append(next.now.wall)
            next.send(again, .message(to: "luke", text: "m\(number)", isNotice: false))
        }
        let all = Self.messages(script) + Self.messages(next)
        #expect(all.count == 10 && zip(all, all.dropFirst()).allSatisfy { $0.id < $1.id })
        #expect(all.map(\.time) == times)
        #expect(all.map(\.text) == (0...9).map { "m\($0)" })
    }

    /// Missed messages are found by their ids, so no clock step hides or repeats one.
    @Test(arguments: [-year, -day, -1, 1, day, year]) func whatIsMissedComesOnceAndInOrder(step: Int64) {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        func sendMessage(_ text: String) { script.send(yoda, .message(to: "luke", text: text, isNotice: false)) }
        sendMessage("one")
        let seen = Self.messages(script).last?.id
        script.handle(.disconnected(luke, .closed, acknowledged: seen))
        sendMessage("two")
        script.stepClock(milliseconds: step)
        sendMessage("three")
        script.stepClock(milliseconds: -step)
        sendMessage("four")
        let again = script.connect()
        script.send(again, .logIn(name: "luke", password: "pw-luke", begins: true))
        #expect(script.messages(again) == ["yoda: two", "yoda: three", "yoda: four"])
        sendMessage("five")
        #expect(script.messages(again).last == "yoda: five" && script.messages(again).count == 4)
    }

    /// A block is measured by the monotonic clock. After a restart only the wall clock is left: if it was set back, the block is no longer
    /// than the rule says; if it was set forward, the block ends, and the count of wrong passwords starts again as after any block.
    @Test func aBlockOverARestart() {
        var script = HubScript()
        let id = script.connect()
        for _ in 1...3 { script.send(id, .logIn(name: "yoda", password: "wrong", begins: true)) }
        for _ in 1...2 { script.send(id, .logIn(name: "luke", password: "wrong", begins: true)) }
        func tries(_ script: inout HubScript, _ name: String, _ password: String) -> [String] {
            let id = script.connect()
            script.send(id, .logIn(name: name, password: password, begins: true))
            return script.texts(id)
        }
        for step in [-Self.year, 0] {
            var next = Self.restarted(script, at: step)
            next.advance(milliseconds: 9999)
            #expect(tries(&next, "yoda", "pw-yoda") == ["You are blocked. Please try again later."])
            next.advance(milliseconds: 1)
            #expect(tries(&next, "yoda", "pw-yoda") == [])
        }
        for step in [Self.year, 10_000] {
            var next = Self.restarted(script, at: step)
            #expect(tries(&next, "yoda", "pw-yoda") == [])
            #expect(tries(&next, "luke", "wrong").count == 2, "the third in a row, whatever the time")
        }
    }

    @Test func nothingThatWaitsIsHurriedOrHeldUp() {
        var configuration = HubConfiguration()
        configuration.messageRate = 2
        var script = HubScript(configuration)
        let stranger = script.connect()
        let yoda = script.logIn("yoda")
        for step in [Self.year, -2 * Self.year, Self.year] {
            script.stepClock(milliseconds: step)
            script.handle(.tick)
        }
        #expect(script.closed.isEmpty, "nobody's time to log in is over")
        for _ in 1...21 { script.send(yoda, .message(to: "luke", text: "x", isNotice: false)) }
        script.stepClock(milliseconds: Self.year)
        script.forget(yoda)
        script.send(yoda, .message(to: "luke", text: "x", isNotice: false))
        #expect(script.texts(yoda) == [], "it waits for its turn, and for the one before it")
        script.stepClock(milliseconds: -2 * Self.year)
        script.advance(milliseconds: 60_000)
        script.handle(.tick)
        #expect(script.closed == [stranger])
        #expect(script.texts(yoda).count == 2)
        script.forget(yoda)
        script.send(yoda, .message(to: "luke", text: "x", isNotice: false))
        #expect(script.texts(yoda) == ["luke is not active. The message will be delivered at the next login."])
    }

    /// A read marker from a time when the clock was far ahead must not mark later messages as read.
    @Test func aMarkerFromTheFutureIsNone() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let right = script.now.wall
        script.stepClock(milliseconds: Self.year)
        let wrong = script.now.wall
        script.send(yoda, .markRead(with: .user("luke"), wrong))
        #expect(script.told[yoda]?.last == .readMarker(target: "luke", wrong))
        script.stepClock(milliseconds: -Self.year)
        for var script in [script, Self.restarted(script, at: 0)] {
            let yoda = script.logIn("yoda")
            script.send(yoda, .markRead(with: .user("luke"), nil))
            #expect(script.told[yoda]?.last == .readMarker(target: "luke", nil))
            script.send(yoda, .markRead(with: .user("luke"), right.adding(milliseconds: -5)))
            #expect(script.told[yoda]?.last == .readMarker(target: "luke", right.adding(milliseconds: -5)))
            script.send(yoda, .markRead(with: .user("luke"), right.adding(milliseconds: -6)))
            #expect(script.told[yoda]?.last == .readMarker(target: "luke", right.adding(milliseconds: -5)))
        }
    }

    /// A client that fetches history by time finds the messages whose ids were ahead of the clock.
    @Test func historyByTimeGoesByTheMessagesTimes() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP REQ :sasl message-tags batch\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\nCAP END\r\n")
        let luke = harness.script.logIn("luke")
        let start = harness.script.now.wall
        harness.script.stepClock(milliseconds: Self.year)
        harness.script.send(luke, .message(to: "yoda", text: "a", isNotice: false))
        harness.script.stepClock(milliseconds: -Self.year)
        for text in ["b", "c", "d"] {
            harness.script.advance(milliseconds: 1000)
            harness.script.send(luke, .message(to: "yoda", text: text, isNotice: false))
        }
        harness.collect()
        _ = harness.popOutput()
        func texts(_ line: String) -> String {
            String(harness.send(line + "\r\n").split(separator: "\r\n").dropFirst().dropLast().compactMap(\.last))
        }
        func time(_ milliseconds: Int64) -> String { "timestamp=\(start.adding(milliseconds: milliseconds).iso8601)" }
        #expect(texts("CHATHISTORY AFTER luke \(time(1000)) 5") == "acd", "in the order in which they came")
        #expect(texts("CHATHISTORY AFTER luke \(time(3000)) 5") == "a")
        #expect(texts("CHATHISTORY LATEST luke \(time(2000)) 1") == "d")
    }
}
