import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import TestSupport
import Testing

/// Away messages (RFC 2812 §4.1) and IRCv3 away-notify, with every codec.
struct AwayTests {
    @Test func whoWritesToAnAccountThatIsAwayIsTold() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.send(yoda, .away("at lunch"))
        #expect(script.told[yoda] == [.reply(.nowAway("at lunch"))])
        script.send(luke, .message(to: "yoda", text: "hi", isNotice: false))
        #expect(script.told[luke]?.last == .reply(.away("yoda", "at lunch")))
        // A notice is never answered automatically.
        script.forget(luke)
        script.send(luke, .message(to: "yoda", text: "hi", isNotice: true))
        #expect(script.told[luke]?.count == 1)
        script.forget(luke)
        script.send(luke, .listActive)
        #expect(script.told[luke] == [.reply(.activeUser("yoda", since: script.now.wall, isAway: true))])
        script.send(yoda, .away(nil))
        #expect(script.told[yoda]?.last == .reply(.back))
        script.forget(luke)
        script.send(luke, .message(to: "yoda", text: "hi", isNotice: false))
        #expect(script.told[luke]?.count == 1)
        #expect(script.lines.contains("User: yoda successfully went away.") && script.lines.contains("User: yoda successfully came back."))
    }

    @Test func whoInvitesAnAccountThatIsAwayIsTold() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        for group in ["jedi", "sith"] { script.send(luke, .createGroup(name: group, members: [])) }
        script.send(yoda, .away("at lunch"))
        script.forget(luke)
        script.send(luke, .invite(user: "yoda", group: "jedi"))
        #expect(script.told[luke] == [.reply(.invited(user: "yoda", group: "jedi")), .reply(.away("yoda", "at lunch"))])
        script.send(yoda, .away(nil))
        script.forget(luke)
        script.send(luke, .invite(user: "yoda", group: "sith"))
        #expect(script.told[luke] == [.reply(.invited(user: "yoda", group: "sith"))])
    }

    @Test func theAccountIsAwayUntilItsLastSessionEnds() {
        var script = HubScript()
        let phone = script.logIn("yoda")
        let laptop = script.logIn("yoda")
        let luke = script.logIn("luke")
        script.send(phone, .away("out"))
        #expect(script.told[laptop] == [.reply(.nowAway("out"))])
        func seenAway() -> Bool {
            script.forget(luke)
            script.send(luke, .message(to: "yoda", text: "x", isNotice: false))
            return script.told[luke]?.contains(.reply(.away("yoda", "out"))) ?? false
        }
        #expect(seenAway())
        script.send(phone, .logOut)
        #expect(seenAway())
        script.send(laptop, .logOut)
        _ = script.logIn("yoda")
        #expect(!seenAway())
    }

    @Test func thoseInTheSameGroupAreTold() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let luke = script.logIn("luke")
        let hans = script.logIn("hans")
        script.send(yoda, .createGroup(name: "jedi", members: []))
        script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        for session in [luke, hans] {
            script.send(session, .watchPresence(true))
            script.forget(session)
        }
        script.send(yoda, .away("out"))
        #expect(script.told[luke] == [.away(user: "yoda", "out")])
        #expect(script.told[hans] == [])
        // A repeated away message is not announced again.
        script.send(yoda, .away("out"))
        #expect(script.told[luke]?.count == 1)
        script.send(hans, .away("too"))
        script.send(hans, .joinGroup(name: "jedi", createsMissing: false))
        #expect(script.told[luke]?.suffix(2) == [.memberJoined(user: "hans", group: "jedi"), .away(user: "hans", "too")])
        script.send(luke, .watchPresence(false))
        script.forget(luke)
        script.send(yoda, .away(nil))
        #expect(script.told[luke] == [], "it has said that it hears no more of it")
    }

    /// A user without a session counts as away to the members of common groups.
    @Test func whoComesAndGoesIsTold() {
        var script = HubScript()
        let luke = script.logIn("luke")
        script.send(luke, .watchPresence(true))
        script.send(luke, .createGroup(name: "jedi", members: []))
        let yoda = script.logIn("yoda")
        script.send(yoda, .joinGroup(name: "jedi", createsMissing: false))
        let phone = script.logIn("yoda")
        script.send(yoda, .away("out"))
        script.forget(luke)
        script.send(phone, .logOut)
        #expect(script.told[luke] == [], "another session is there")
        script.send(yoda, .logOut)
        #expect(script.told[luke] == [.away(user: "yoda", "yoda is not active.")])
        let again = script.logIn("yoda")
        _ = script.logIn("yoda")
        #expect(script.told[luke]?.dropFirst() == [.away(user: "yoda", nil)], "once, and not away any more")
        // It is announced neither to users without a common group nor while the server shuts down.
        let hans = script.logIn("hans")
        script.send(hans, .watchPresence(true))
        script.forget(hans)
        script.forget(luke)
        script.disconnect(again, acknowledged: nil)
        script.handle(.shutDown)
        for session in [luke, hans] {
            #expect(script.told[session]?.contains { if case .away = $0 { true } else { false } } == false)
        }
    }

    /// A lost connection does not end an absence, and a new session is informed of the state.
    @Test func aLostConnectionEndsNoAbsence() {
        var script = HubScript()
        let luke = script.logIn("luke")
        script.send(luke, .watchPresence(true))
        script.send(luke, .createGroup(name: "jedi", members: []))
        var yoda = script.logIn("yoda")
        script.send(yoda, .joinGroup(name: "jedi", createsMissing: false))
        script.send(yoda, .away("out"))
        script.forget(luke)
        script.disconnect(yoda, acknowledged: nil)
        #expect(script.told[luke] == [.away(user: "yoda", "yoda is not active.")])
        script.forget(luke)
        script.send(luke, .message(to: "yoda", text: "x", isNotice: false))
        script.send(luke, .lookUp(users: ["yoda"], .whois))
        #expect(script.told[luke]?.contains(.reply(.away("yoda", "out"))) == false, "it is not there to be away")
        #expect(script.told[luke]?.last == .users([.init(name: "yoda", exists: true, activeSince: nil)], .whois))
        script.forget(luke)
        yoda = script.connect()
        script.send(yoda, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.told[yoda]?.contains(.reply(.nowAway("out"))) == true)
        #expect(script.told[luke] == [.away(user: "yoda", "out")])
        // Another new session is informed as well, and of the return.
        let phone = script.connect()
        script.send(phone, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.told[phone]?.contains(.reply(.nowAway("out"))) == true)
        script.send(phone, .away(nil))
        script.disconnect(yoda, acknowledged: nil)
        script.disconnect(phone, acknowledged: nil)
        yoda = script.connect()
        script.send(yoda, .logIn(name: "yoda", password: "pw-yoda", begins: true))
        #expect(script.told[yoda]?.contains { if case .reply(.nowAway) = $0 { true } else { false } } == false)
    }

    @Test func whatIsTooLongIsRefused() {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        script.send(yoda, .away(String(repeating: "x", count: Limits.awayBytes)))
        script.send(yoda, .away(String(repeating: "x", count: Limits.awayBytes + 1)))
        #expect(script.told[yoda]?.last == .reply(.awayTooLong(limit: Limits.awayBytes)))
    }

    /// The lines that an IRC client receives, by RFC 2812 and IRCv3.
    @Test func theLinesOfIRC() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP REQ :away-notify\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\nCAP END\r\n")
        #expect(harness.send("CAP REQ :-away-notify\r\n") == ":chatty CAP yoda ACK -away-notify\r\n")
        harness.send("CAP REQ :away-notify\r\n")
        #expect(harness.send("AWAY :at lunch\r\n") == ":chatty 306 yoda :You have been marked as being away\r\n")
        #expect(harness.send("USERHOST yoda\r\n") == ":chatty 302 yoda yoda=-yoda@chatty\r\n")
        #expect(harness.send("AWAY\r\n") == ":chatty 305 yoda :You are no longer marked as being away\r\n")
        #expect(harness.send("AWAY :\r\n") == ":chatty 305 yoda :You are no longer marked as being away\r\n")
        harness.send("JOIN #jedi\r\n")
        let luke = harness.script.logIn("luke")
        harness.script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        harness.collect()
        _ = harness.popOutput()
        harness.script.send(luke, .away("with the fleet"))
        harness.collect()
        #expect(harness.popOutput() == ":luke!luke@chatty AWAY :with the fleet\r\n")
        #expect(harness.send("PRIVMSG luke :hi\r\n") == ":chatty 301 yoda luke :with the fleet\r\n")
        harness.send("CREATEGROUP sith\r\n")
        #expect(harness.send("INVITE luke #sith\r\n") == ":chatty 341 yoda luke #sith\r\n:chatty 301 yoda luke :with the fleet\r\n")
        #expect(harness.send("WHOIS luke\r\n").contains(":chatty 301 yoda luke :with the fleet\r\n"))
        #expect(harness.send("WHO luke\r\n").contains(" luke G :0 luke\r\n"))
        #expect(harness.send("WHO #jedi\r\n").contains(" luke G :0 luke\r\n"))
        harness.script.send(luke, .away(nil))
        harness.collect()
        #expect(harness.popOutput() == ":luke!luke@chatty AWAY\r\n")
    }

    @Test func clientsThatDidNotAskAreNotTold() {
        var codec = IRCCodec()
        #expect(codec.encode(.away(user: "luke", "out")).isEmpty)
        var text = TextCodec()
        #expect(text.encode(.away(user: "luke", "out")).isEmpty)
    }
}
