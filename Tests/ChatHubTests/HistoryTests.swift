import ChatHub
import ChatProtocol
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
        var harness = WayInHarness(IRCWayIn())
        harness.send("CAP REQ :sasl message-tags batch labeled-response\r\nNICK me\r\nUSER me 0 * :Me\r\nAUTHENTICATE PLAIN\r\n")
        harness.send("AUTHENTICATE AHlvZGEAcHcteW9kYQ==\r\nCAP END\r\n")
        let luke = harness.script.logIn("luke")
        for text in ["a", "b", "c"] {
            harness.script.send(luke, .message(to: "yoda", text: text, isNotice: false))
            harness.script.advance(milliseconds: 1000)
        }
        harness.collect()
        let ids = harness.takeOutput().split(separator: "\r\n").map { String($0.dropFirst("@msgid=".count).prefix(13)) }
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
        for bad in ["LATEST luke 3", "SIDEWAYS luke * 3", "BEFORE luke * 3", "LATEST luke * none", "BETWEEN luke msgid=1 * 3"] {
            #expect(harness.send("CHATHISTORY \(bad)\r\n").contains(bad.hasPrefix("LATEST luke 3") ? " 461 " : "INVALID_PARAMS"))
        }
    }
}

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
        for bad in ["", "a\nb", String(repeating: "x", count: 513)] { script.send(yoda, .changePassword(old: "pw-yoda", new: bad)) }
        #expect(script.texts(yoda).suffix(3) == Array(repeating: "A password has 1 to 512 bytes.", count: 3)[...])
    }

    @Test func aTokenIsGivenOnRequest() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .issueToken)
        #expect(script.told[yoda] == [.reply(.resumeToken("token-1", seconds: 60))])
    }
}
