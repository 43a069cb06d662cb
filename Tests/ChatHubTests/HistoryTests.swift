import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Testing

struct HistoryTests {
    @Test func ofAConversationAndOverAll() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        for text in ["one", "two", "three"] { script.send(yoda, .message(to: "luke", text: text, isNotice: false)) }
        script.send(luke, .message(to: "yoda", text: "four two", isNotice: false))
        script.forget(yoda)
        script.send(yoda, .history(with: .user("LUKE"), HistoryRange(takesLatest: true, limit: 2)))
        guard case .history("luke", let found)? = script.told[yoda]?.first else {
            Issue.record("no history")
            return
        }
        #expect(found.map(\.text) == ["three", "four two"])
        script.forget(yoda)
        script.send(yoda, .search(words: "two", limit: 10))
        guard case .history(nil, let hits)? = script.told[yoda]?.first else {
            Issue.record("no search")
            return
        }
        #expect(hits.map(\.text) == ["two", "four two"])
        script.forget(yoda)
        script.send(yoda, .history(with: .user("nobody"), HistoryRange(takesLatest: true, limit: 2)))
        script.send(yoda, .history(with: .group("jedi"), HistoryRange(takesLatest: true, limit: 2)))
        script.send(luke, .createGroup(name: "jedi", members: []))
        script.send(yoda, .history(with: .group("jedi"), HistoryRange(takesLatest: true, limit: 2)))
        #expect(
            script.texts(yoda) == ["There is no user nobody.", "There is no group chat jedi.", "You are not in the group chat jedi."])
    }

    @Test func onTheWire() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP REQ :sasl message-tags batch labeled-response\r\nNICK me\r\nUSER me 0 * :Me\r\nAUTHENTICATE PLAIN\r\n")
        harness.send("AUTHENTICATE AHlvZGEAcHcteW9kYQ==\r\nCAP END\r\n")
        let luke = harness.script.logIn("luke")
        for text in ["a", "b", "c"] {
            harness.script.send(luke, .message(to: "yoda", text: text, isNotice: false))
            harness.script.advance(milliseconds: 1000)
        }
        harness.collect()
        let ids = harness.popOutput().split(separator: "\r\n").map { String($0.dropFirst("@msgid=".count).prefix(13)) }
        func texts(_ line: String) -> String {
            String(harness.send(line + "\r\n").split(separator: "\r\n").dropFirst().dropLast().compactMap(\.last))
        }
        #expect(texts("CHATHISTORY LATEST luke * 2") == "bc")
        #expect(texts("CHATHISTORY BEFORE luke msgid=\(ids[2]) 5") == "ab")
        #expect(texts("CHATHISTORY AFTER luke msgid=\(ids[0]) 1") == "b")
        #expect(texts("CHATHISTORY BETWEEN luke msgid=\(ids[0]) msgid=\(ids[2]) 5") == "b")
        #expect(texts("CHATHISTORY AFTER luke timestamp=\(harness.script.now.wall.adding(milliseconds: -1500).iso8601) 5") == "c")
        #expect(texts("SEARCH :b") == "b")
        #expect(harness.send("@label=x CHATHISTORY LATEST luke * 1\r\n").hasPrefix("@label=x :chatty BATCH +"))
        #expect(texts("CHATHISTORY AROUND luke msgid=\(ids[1]) 3") == "abc")
        #expect(texts("CHATHISTORY AROUND luke msgid=\(ids[1]) 2") == "bc")
        #expect(texts("CHATHISTORY AROUND luke msgid=\(ids[2]) 2") == "bc", "what is missing on one side is taken from the other")
        for bad in [
            "", "LATEST luke 3", "SIDEWAYS luke * 3", "BEFORE luke * 3", "LATEST luke * none", "LATEST luke * 0",
            "BETWEEN luke msgid=1 * 3",
            "BETWEEN luke msgid=\(ids[0]) 3", "TARGETS * * 3", "TARGETS 3", "LATEST luke * 3 4", "AROUND luke * 3", "LATEST luke msgid=x 3",
        ] {
            let kind = bad.split(separator: " ").first.map(String.init) ?? "*"
            #expect(harness.send("CHATHISTORY \(bad)\r\n").hasPrefix(":chatty FAIL CHATHISTORY INVALID_PARAMS \(kind) :"), "\(bad)")
        }
        for target in ["nobody", "#sith"] {
            #expect(
                harness.send("@label=x CHATHISTORY LATEST \(target) * 3\r\n")
                    .hasPrefix("@label=x :chatty FAIL CHATHISTORY INVALID_TARGET LATEST \(target) :"))
        }
    }

    @Test func conversationsAreListed() {
        var harness = CodecHarness(IRCCodec())
        harness.send(
            "CAP REQ :sasl batch server-time labeled-response draft/chathistory\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n")
        let welcome = harness.send("CAP END\r\n")
        for token in [" CHATHISTORY=100 ", " MSGREFTYPES=msgid,timestamp "] { #expect(welcome.contains(token), "\(welcome)") }
        let luke = harness.script.logIn("luke")
        let start = harness.script.now.wall
        harness.script.send(luke, .message(to: "yoda", text: "one", isNotice: false))
        harness.script.advance(milliseconds: 5)
        harness.send("JOIN #jedi\r\nPRIVMSG #jedi :two\r\n")
        let line =
            "@label=l CHATHISTORY TARGETS timestamp=\(start.adding(milliseconds: -1).iso8601) timestamp=\(start.adding(milliseconds: 9).iso8601) 50\r\n"
        #expect(
            harness.send(line) == """
                @label=l :chatty BATCH +b1 draft/chathistory-targets\r
                @batch=b1 :chatty CHATHISTORY TARGETS luke \(start.iso8601)\r
                @batch=b1 :chatty CHATHISTORY TARGETS #jedi \(start.adding(milliseconds: 5).iso8601)\r
                :chatty BATCH -b1\r

                """)
    }

    /// A client that fetches missed messages does not get them twice, and misses none that is stored in the meantime.
    @Test func whoFetchesHistoryIsNotGivenIt() {
        var harness = CodecHarness(IRCCodec())
        let luke = harness.script.logIn("luke")
        harness.script.send(luke, .message(to: "yoda", text: "missed", isNotice: false))
        harness.script.holdsBack = true
        harness.script.send(luke, .message(to: "yoda", text: "on its way", isNotice: false))
        harness.script.holdsBack = false
        harness.send("CAP REQ :sasl batch server-time draft/chathistory\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\nCAP END\r\n")
        harness.script.settle()
        harness.collect()
        let output = harness.popOutput()
        #expect(!output.contains(":missed"))
        #expect(harness.send("CHATHISTORY LATEST luke * 9\r\n").contains(":missed"))
        // The next session, which does not fetch, gets all messages that were not written to another one.
        harness.script.handle(.disconnected(harness.session, .closed, acknowledged: nil))
        let again = harness.script.connect()
        harness.script.send(again, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(harness.script.messages(again) == ["luke: missed", "luke: on its way"])
    }

    /// If such a session is closed for reading too slowly, messages that the account has received already are not sent again.
    @Test func aSlowSessionThatFetchesTakesNothingBack() {
        var script = HubScript()
        let luke = script.logIn("luke")
        script.send(luke, .message(to: "yoda", text: "old", isNotice: false))
        let first = script.logIn("yoda")
        guard
            case .message(let old)? = script.kept.compactMap({
                if case .message(let message) = $0 { Outgoing.message(message) } else { nil }
            }).first
        else {
            Issue.record("nothing kept")
            return
        }
        script.handle(.disconnected(first, .closed, acknowledged: old.id))
        let fetching = script.connect()
        script.send(fetching, .logIn(name: "yoda", password: "pw-yoda", begins: false))
        script.send(fetching, .begin(.nowhere))
        script.send(luke, .message(to: "yoda", text: "new", isNotice: false))
        script.disconnect(fetching, .sendQueueExceeded, acknowledged: nil)
        let again = script.connect()
        script.send(again, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.messages(again) == ["luke: new"])
    }
}
