import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import TestSupport
import Testing

/// No stranger can forge a line of the server's log, and no line contains a password.
struct LogLineTests {
    private static let forgeries = [
        "yoda successfully logged in. User: x", "yoda\nUser: luke successfully logged in",
        "a\" failed to log in: invalid credentials (from 192.0.2.9)",
        "yoda\u{2028}x", "\u{202E}adoy", "yoda: ", "x (from 192.0.2.9)", "\u{301}yoda", "1",
    ]

    private static func sasl(_ name: String, _ password: String) -> String {
        "AUTHENTICATE PLAIN\r\nAUTHENTICATE \(Data("\0\(name)\0\(password)".utf8).base64EncodedString())\r\n"
    }

    @Test(arguments: forgeries) func aNameThatIsNoneIsQuotedInAFailedLogIn(_ name: String) {
        var harness = CodecHarness(IRCCodec())
        #expect(harness.send("CAP REQ :sasl\r\n" + Self.sasl(name, "secret")).contains(" 904 "))
        let quoted = LoggedName.text(name)
        #expect(quoted.hasPrefix("\""))
        #expect(harness.script.lines == ["User: \(quoted) failed to log in: there is no user \(quoted) (from 127.0.0.1)."])
    }

    /// An attempt with a name only, as from a client at a terminal, counts as one with a password.
    @Test func aNameWithoutAnAccountIsAFailedLogIn() {
        var script = HubScript()
        let stranger = script.connect()
        script.send(stranger, .identify(name: "nobody"))
        #expect(script.lines == ["User: nobody failed to log in: there is no user nobody (from 127.0.0.1)."])
        script.send(stranger, .identify(name: "yoda"))
        #expect(script.lines.count == 1)
    }

    @Test(arguments: forgeries) func aNameThatIsNoneIsQuotedInEveryCommand(_ name: String) {
        var script = HubScript()
        let yoda = script.logIn("yoda")
        let quoted = LoggedName.text(name)
        let commands: [(Command, String)] = [
            (.message(to: name, text: "x", isNotice: false), "send a direct message to: \(quoted): there is no user \(quoted)."),
            (
                .groupMessage(group: name, text: "x", isNotice: false),
                "send a message to the group chat: \(quoted): there is no such group chat."
            ),
            (.joinGroup(name: name, createsMissing: false), "join the group chat: \(quoted): there is no such group chat."),
            (.leaveGroup(name: name), "leave the group chat: \(quoted): there is no such group chat."),
            (.listMembers(group: name), "list the members of the group chat: \(quoted): there is no such group chat."),
            (.invite(user: name, group: name), "invite \(quoted) into the group chat: \(quoted): there is no such group chat."),
        ]
        for (command, line) in commands {
            script.send(yoda, command)
            #expect(script.lines.last == "User: yoda failed to " + line)
        }
        script.send(yoda, .createGroup(name: name, members: []))
        #expect(script.lines.last?.hasPrefix("User: yoda failed to create the group chat: \(quoted): the name is not allowed: ") == true)
        script.send(yoda, .createGroup(name: "jedi", members: [name]))
        #expect(script.lines.last == "User: yoda failed to create the group chat: jedi: there is no user \(quoted).")
    }

    /// The address is logged for programs such as fail2ban, even if the client does not wait for the answer.
    @Test(arguments: [("yoda", "invalid credentials", false), ("nobody", "there is no user nobody", true)])
    func aFailedLogInNamesTheAddress(name: String, reason: String, isGone: Bool) {
        var script = HubScript()
        script.holdsBack = true
        let id = SessionID(rawValue: 99)
        script.handle(.connected(id, address: "2001:db8::7", network: "2001:db8::/64", isLoopback: false))
        script.send(id, .logIn(name: name, password: "wrong", begins: true))
        if isGone { script.handle(.disconnected(id, .closed, acknowledged: nil)) }
        script.settle()
        #expect(script.lines == ["User: \(name) failed to log in: \(reason) (from 2001:db8::7)."])
    }

    /// The address is counted by its network.
    @Test func anotherAddressOfTheNetworkIsCountedWithIt() {
        var script = HubScript()
        for index in 0..<31 {
            let id = SessionID(rawValue: UInt64(1000 + index))
            script.handle(.connected(id, address: "2001:db8::\(index)", network: "2001:db8::/64", isLoopback: false))
            script.send(id, .logIn(name: "nobody", password: "guess", begins: true))
        }
        script.handle(.shutDown)
        #expect(script.lines.last == "Refused 1 log-in from 2001:db8::/64: too many failed log-ins from that address.")
    }

    // `PASS`.

    private static func pass(_ pass: String, nick: String, _ script: HubScript) -> CodecHarness<IRCCodec> {
        var harness = CodecHarness(IRCCodec(), script)
        let registered = harness.send("PASS :\(pass)\r\nNICK \(nick)\r\nUSER u 0 * :U\r\n")
        #expect(!registered.contains("pw:") && !registered.contains("le:ia"))
        return harness
    }

    /// The word before the first colon of `PASS` is the nick or an account; any other one is the beginning of a password.
    @Test(arguments: [
        ("pw:le:ia", "leia", true), ("leia:pw:le:ia", "leia", true), ("LEIA:pw:le:ia", "leia", true), ("leia:pw:le:ia", "other", true),
        ("pw:le:ia", "luke", false), ("pw:le:i", "leia", false), ("luke:pw:le:ia", "leia", false), (":pw:le:ia", "leia", false),
        ("9w:le:ia", "leia", false),
    ])
    func aPasswordMayHaveColons(pass: String, nick: String, isRight: Bool) {
        let script = HubScript(users: ["leia", "luke"])
        script.passwords["leia"] = "pw:le:ia"
        let harness = Self.pass(pass, nick: nick, script)
        #expect(harness.isClosed == !isRight)
        #expect(harness.script.lines.last?.hasSuffix(" successfully logged in.") == isRight)
        #expect(!harness.script.lines.joined().contains("pw") && !harness.script.lines.joined().contains("9w"))
    }

    /// A client that may not guess any more learns nothing by it, and is counted once.
    @Test func whoMayNotGuessAsksForNoAccountByPass() {
        var script = HubScript()
        let guesser = script.connect(from: "192.0.2.1")
        for _ in 0..<30 { script.send(guesser, .logIn(name: "nobody", password: "guess", begins: true)) }
        let questions = script.questions.count
        script.send(guesser, .logInByPass(nick: "luke", "pw:x"))
        #expect(script.told[guesser]?.last == .reply(.tooManyAttempts(seconds: 4)) && script.questions.count == questions)
        script.handle(.shutDown)
        #expect(script.lines.last == "Refused 1 log-in from 192.0.2.1: too many failed log-ins from that address.")
    }

    /// An account that another process added a moment ago counts.
    @Test func anAccountThatOnlyTheStoreKnowsIsFoundByPass() throws {
        var script = HubScript(users: ["luke"])
        try script.addAccount("leia", id: 9, password: "pw:le:ia")
        #expect(Self.pass("leia:pw:le:ia", nick: "guest", script).script.lines.last == "User: leia successfully logged in.")
    }

    /// If names are concealed, a colon does not reveal whether there is an account, and the log still has no part of the password.
    @Test func whereNamesAreConcealedNothingTellsWhetherThereIsAnAccount() {
        var configuration = HubConfiguration()
        configuration.concealsUserNames = true
        var answers: [String] = []
        for pass in ["luke:x", "pw:x"] {
            var harness = CodecHarness(IRCCodec(), HubScript(configuration, users: ["leia", "luke"]))
            answers.append(harness.send("PASS \(pass)\r\nNICK leia\r\nUSER u 0 * :U\r\n"))
            #expect(harness.script.verifications == 1 && !harness.script.lines.joined().contains("pw"))
            #expect(harness.script.lines.last?.hasSuffix(" failed to log in: invalid credentials (from 127.0.0.1).") == true)
        }
        #expect(answers[0] == answers[1])
    }

    @Test(arguments: ["PASS:pw:le:ia", "pass\tpw:le:ia", "PASSWD:pw:le:ia", "AUTHENTICATE=pw:le:ia"])
    func nothingBehindACommandWithAPasswordIsRepeated(_ line: String) {
        var harness = CodecHarness(IRCCodec())
        #expect(!harness.send(line + "\r\n").contains("le:ia"))
    }

    /// The filter for fail2ban in chatty-chat(7) finds the addresses of those who guess, whatever name they give, and no others.
    @Test func theManualsFilterFindsWhoGuesses() throws {
        let manual = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../man/chatty-chat.7")
        let page = try String(contentsOf: manual, encoding: .utf8)
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix("failregex = ") })
        // The pattern as roff shows it, with fail2ban's substitute for the address.
        let pattern = line.dropFirst("failregex = ".count).replacing("\\e", with: "\\").replacing("<ADDR>", with: #"(?<ip>[0-9a-f:.]+)"#)
        let filter = try Regex(String(pattern))
        func found(_ line: String) throws -> Substring? { try filter.firstMatch(in: line)?["ip"]?.substring }
        for name in Self.forgeries + ["yoda"] {
            // A line about something other than a guess bans nobody: the name may be blocked by others' guesses.
            for (attempt, isGuess) in [("wrong", true)] + (name == "yoda" ? [(String(repeating: "x", count: 513), false)] : []) {
                var script = HubScript(users: ["yoda", "luke"])
                script.send(script.connect(from: "192.0.2.1"), .logIn(name: name, password: attempt, begins: true))
                let line = try #require(script.lines.last)
                #expect(try found(line) == (isGuess ? "192.0.2.1" : nil), "\(line)")
                let luke = script.logIn("luke")
                for command in [
                    Command.joinGroup(name: name, createsMissing: false), .message(to: name, text: "x", isNotice: false),
                    .createGroup(name: name, members: []),
                ] {
                    script.send(luke, command)
                    #expect(try found(#require(script.lines.last)) == nil)
                }
            }
        }
    }
}
