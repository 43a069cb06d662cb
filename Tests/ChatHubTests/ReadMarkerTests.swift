import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Testing

/// Read markers (IRCv3 draft/read-marker).
struct ReadMarkerTests {
    private static func time(_ script: HubScript, _ milliseconds: Int64) -> Timestamp { script.now.wall.adding(milliseconds: milliseconds) }

    @Test func itOnlyGoesForwardAndNotIntoTheFuture() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        func mark(_ time: Timestamp?) -> Outgoing? {
            script.send(yoda, .markRead(with: .user("LUKE"), time))
            return script.told[yoda]?.last
        }
        #expect(mark(nil) == .readMarker(target: "luke", nil))
        let (first, second) = (Self.time(script, -5000), Self.time(script, -1000))
        #expect(mark(first) == .readMarker(target: "luke", first))
        #expect(mark(second) == .readMarker(target: "luke", second))
        #expect(mark(first) == .readMarker(target: "luke", second))
        #expect(mark(nil) == .readMarker(target: "luke", second))
        #expect(mark(Self.time(script, 86_400_000)) == .readMarker(target: "luke", script.now.wall))
        // A clock that is set back does not move a marker back.
        let marker = script.now.wall
        script.stepClock(milliseconds: -3_600_000)
        #expect(mark(Self.time(script, 0)) == .readMarker(target: "luke", marker))
        #expect(!script.lines.contains { $0.contains("read") }, "what somebody reads is nobody's business")
    }

    @Test func allSessionsOfTheAccountAreToldAndNobodyElse() {
        var script = HubScript()
        let (phone, laptop, luke) = (script.logIn("yoda"), script.logIn("yoda"), script.logIn("luke"))
        script.send(phone, .createGroup(name: "jedi", members: []))
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        for id in [phone, laptop, luke] { script.forget(id) }
        let time = Self.time(script, -1000)
        script.send(phone, .markRead(with: .group("jedi"), time))
        #expect(script.told[phone] == [.readMarker(target: "#jedi", time)])
        #expect(script.told[laptop] == [.readMarker(target: "#jedi", time)])
        #expect(script.told[luke] == [])
        script.send(luke, .markRead(with: .group("jedi"), nil))
        #expect(script.told[luke] == [.readMarker(target: "#jedi", nil)])
        script.send(phone, .markRead(with: .user("nobody"), time))
        script.send(phone, .markRead(with: .group("sith"), time))
        #expect(script.texts(phone) == ["There is no user nobody.", "There is no group chat sith."])
    }

    @Test func aStoreThatFailsKeepsTheOldOne() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.storeFails = true
        script.send(yoda, .markRead(with: .user("luke"), Self.time(script, -1000)))
        #expect(script.told[yoda] == [.reply(.storeFailed)])
        script.send(yoda, .markRead(with: .user("luke"), nil))
        #expect(script.told[yoda]?.last == .readMarker(target: "luke", nil))
    }

    @Test func onTheWire() {
        var script = HubScript()
        let owner = script.logIn("yoda")
        script.send(owner, .createGroup(name: "jedi", members: []))
        let time = Self.time(script, -1000)
        script.send(owner, .markRead(with: .group("jedi"), time))
        var harness = CodecHarness(IRCCodec(), script)
        harness.send("CAP REQ :sasl draft/read-marker\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n")
        let joined = harness.send("CAP END\r\n")
        #expect(
            joined.hasSuffix(
                """
                :yoda!yoda@chatty JOIN #jedi\r
                :chatty 353 yoda = #jedi :@yoda\r
                :chatty MARKREAD #jedi timestamp=\(time.iso8601)\r
                :chatty 366 yoda #jedi :End of NAMES\r

                """), "\(joined)")
        #expect(harness.send("MARKREAD luke\r\n") == ":chatty MARKREAD luke *\r\n")
        #expect(harness.send("MARKREAD luke timestamp=\(time.iso8601)\r\n") == ":chatty MARKREAD luke timestamp=\(time.iso8601)\r\n")
        #expect(harness.send("MARKREAD\r\n").hasPrefix(":chatty FAIL MARKREAD NEED_MORE_PARAMS :"))
        for bad in ["*", "timestamp=yesterday", "msgid=1"] {
            #expect(harness.send("MARKREAD luke \(bad)\r\n").hasPrefix(":chatty FAIL MARKREAD INVALID_PARAMS luke :"))
        }
        // A session without the capability is not informed.
        var other = CodecHarness(IRCCodec(), harness.script)
        other.send("PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n")
        other.script.send(owner, .markRead(with: .user("hans"), time))
        other.collect()
        #expect(!other.popOutput().contains("MARKREAD"))
    }
}
