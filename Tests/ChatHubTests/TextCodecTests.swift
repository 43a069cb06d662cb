import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import TestSupport
import Testing

/// The plain-text session, to the letter.
struct TextCodecTests {
    private let commands =
        "Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):\n"

    private func loggedIn(_ script: HubScript = HubScript()) -> CodecHarness<TextCodec> {
        var harness = CodecHarness(TextCodec(), script)
        harness.send("yoda\npw-yoda\n")
        return harness
    }

    @Test func theSessionEverybodyKnows() {
        var harness = CodecHarness(TextCodec(), HubScript(users: ["e", "ethan"]))
        #expect(harness.popOutput() == "Enter username: ")
        for _ in 0..<2 {
            #expect(harness.send("e\n") == "Enter password: ")
            #expect(harness.send("wrong\n") == "Invalid credentials. Try again.\nEnter username: ")
        }
        #expect(harness.send("e\n") == "Enter password: ")
        #expect(
            harness.send("wrong\n")
                == "Invalid credentials. Try again.\nYou are blocked due to multiple failed login attempts. Try again 10 seconds later.\nEnter username: "
        )
        #expect(harness.send("e\n") == "Enter password: ")
        #expect(harness.send("pw-e\n") == "You are blocked. Please try again later.\nEnter username: ")
        #expect(harness.send("ethan\r\n") == "Enter password: ")
        #expect(harness.send("pw-ethan\r\n") == "Welcome! ethan\n" + commands)
        #expect(harness.send("/activeuser\n") == "No other active user.\n")
        #expect(harness.send("/logout\n") == "Bye, ethan!\n")
        #expect(harness.isClosed)
    }

    /// The sender is informed that a message is stored although the group has no other member.
    @Test func whoIsAloneInAGroupIsTold() {
        var harness = loggedIn()
        harness.send("/creategroup jedi\n")
        _ = harness.popOutput()
        let time = harness.script.now.wall
        #expect(
            harness.send("/groupmsg jedi hello\n")
                == "Message to the group chat jedi sent at \(time).\nNobody else is in the group chat jedi yet.\n")
    }

    @Test func aScriptThatDoesNotWait() {
        var harness = CodecHarness(TextCodec())
        harness.script.holdsBack = true
        _ = harness.popOutput()
        harness.send("nobody\nyoda\npw-yoda\n/activeuser\n/msgto hans hi there\n")
        for _ in 0..<20 {
            harness.script.settleOne()
            harness.collect()
        }
        let time = harness.script.now.wall
        #expect(
            harness.popOutput() == "There is no user nobody.\nEnter username: Enter password: Welcome! yoda\n" + commands
                + "No other active user.\nMessage to hans sent at \(time).\nhans is not active. The message will be delivered at the next login.\n"
        )
    }

    @Test(arguments: [
        ("/msgto hans", "Usage: /msgto USERNAME MESSAGE\n"), ("hello", "That is not a command. Commands begin with a slash: try /help.\n"),
        ("/msg hans hi", "Unknown command: /msg. Try /help.\n"), ("/accept 1", "Unknown command: /accept. Try /help.\n"),
        ("/joingroup sith", "There is no group chat sith.\n"),
        ("/p2pvideo hans x.mp4", "Only chatty connect can send and receive files.\n"),
        ("", ""), ("   ", ""), ("/help msgto", "Usage: /msgto USERNAME MESSAGE\nSend a direct message.\n"),
        ("/creategroup jedi", "The group chat jedi has been created. Everybody can join it.\n"),
    ])
    func answers(_ line: String, _ text: String) {
        var harness = loggedIn()
        #expect(harness.send(line + "\n") == text)
    }

    @Test func badLinesAreRefusedAndTheSessionGoesOn() {
        var harness = loggedIn()
        #expect(harness.send(Array("/msgto hans ".utf8) + [0xFF, 0x0A]) == "The line is not UTF-8 text. It was not read.\n")
        #expect(harness.send(String(repeating: "x", count: 10_000) + "\n") == "The line is longer than 4608 bytes. It was not read.\n")
        #expect(
            harness.send("/msgto hans " + String(repeating: "x", count: 4097) + "\n")
                == "The message is longer than 4096 bytes. It was not sent.\n")
        #expect(harness.send("/activeuser\n") == "No other active user.\n")
        var early = CodecHarness(TextCodec())
        _ = early.popOutput()
        #expect(early.send([0xC3, 0x28, 0x0A]) == "The line is not UTF-8 text. It was not read.\nEnter username: ")
    }

    @Test func aNULOrACRIsRefusedWithItsLine() {
        let refusal = "The line contains a NUL or CR character, which is not allowed. It was not read.\n"
        var harness = loggedIn()
        #expect(harness.send("/msgto hans left\0right\n") == refusal)
        #expect(harness.send("/msgto hans left\rright\r\n") == refusal)
        #expect(!harness.script.kept.contains { if case .message = $0 { true } else { false } })
        var early = CodecHarness(TextCodec())
        _ = early.popOutput()
        #expect(early.send("yo\0da\n") == refusal + "Enter username: ")
        early.send("yoda\n")
        #expect(early.send("pw-yoda\0\n") == refusal + "Enter username: ")
    }

    @Test func whatOthersDoIsALine() {
        var harness = loggedIn()
        let luke = harness.script.logIn("luke")
        harness.send("/creategroup jedi\n")
        harness.script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        harness.script.send(luke, .groupMessage(group: "jedi", text: "esc \u{1B}[2J\u{7} here", isNotice: false))
        harness.script.send(luke, .message(to: "yoda", text: "hi", isNotice: false))
        harness.script.send(luke, .leaveGroup(name: "jedi"))
        harness.collect()
        let time = harness.script.now.wall
        #expect(
            harness.popOutput()
                == "luke joined the group chat jedi.\n\(time) #jedi luke: esc  here\n\(time) luke: hi\nluke left the group chat jedi.\n")
    }

    @Test func linesBehindALogInWaitForIt() {
        var harness = CodecHarness(TextCodec())
        harness.script.holdsBack = true
        let answers = String(repeating: "Usage: /activeuser\n", count: 300)
        harness.send("yoda\npw-yoda\n" + String(repeating: "/activeuser x\n", count: 300))
        harness.script.settle()
        harness.collect()
        #expect(harness.popOutput().hasSuffix(answers) && !harness.isClosed)
    }

    @Test(arguments: 0..<UInt64(100))
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var harness = seed % 2 == 0 ? loggedIn() : CodecHarness(TextCodec())
        let words = ["/msgto ", "yoda", "luke", "/creategroup ", "g", "\n", "\r\n", " ", "\u{0}", "/", "pw-yoda", "é"]
        for _ in 0..<50 {
            let piece = Bool.random(using: &random) ? Array((words.randomElement(using: &random) ?? "").utf8) : random.bytes(3)
            harness.send(piece)
        }
        #expect(!harness.isClosed || harness.script.closed.contains(harness.session))
    }
}
