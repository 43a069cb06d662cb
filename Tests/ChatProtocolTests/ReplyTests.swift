import ChatProtocol
import Foundation
import TestSupport
import Testing

struct ReplyTests {
    private static let time = Timestamp(milliseconds: 1_700_000_000_123)

    static let all: [Reply] = [
        .invalidCredentials, .nowBlocked(seconds: 10), .blocked, .welcome(name: "ethan"), .tooManySessions(limit: 16),
        .loginTimedOut(seconds: 60),
        .busy, .goodbye(name: "yoda"), .loginRequired, .noSuchUser("hans2"), .noSuchGroup("sith"), .badUserName("9", .badFirstCharacter),
        .badGroupName("a,b", .badCharacter), .sent(to: "hans", at: time), .kept(for: "hans"), .notActive("hans"),
        .groupCreated("jedi", members: []), .groupCreated("jedi", members: ["yoda", "luke"]), .groupExists("jedi"), .joined("jedi"),
        .alreadyMember("jedi"), .notInvited("jedi"), .notMember("jedi"), .left("jedi"), .invited(user: "yoda", group: "jedi"),
        .alreadyMemberOther(user: "yoda", group: "jedi"), .notPermitted(.topic, group: "jedi"), .notPermitted(.modes, group: "jedi"),
        .sentToGroup("jedi", at: time), .noOtherActive, .activeUser("yoda", since: time),
        .group("jedi", members: 2, open: true, joined: false), .noGroups, .member("yoda", active: true), .signalSent(to: "yoda"),
        .offerGone("yoda"), .needsClient,
        .messageTooLong(limit: 4096), .lineTooLong(limit: 4608), .notUTF8, .forbiddenByte, .tooManyMembers(limit: 5),
        .tooManyGroups(limit: 6), .tooManyGroupsMade(limit: 6), .flooded, .sendQueueExceeded, .storeFailed,
        .searchTooBroad, .unknownCommand("/msg"), .notACommand,
        .usage(.msgto), .plaintextRefused,
        .tooManyConnections(limit: 3), .shuttingDown, .accountGone("yoda"),
        .activeUser("yoda", since: time, isAway: true), .nowAway("at  lunch: back soon"), .back, .away("yoda", "asleep"),
        .awayTooLong(limit: 400),
        .passwordChanged, .passwordReplaced("yoda"), .tooManyTokens(seconds: 7), .badPassword(.tooLong), .resumeToken("t", seconds: 9),
        .tokenExpired, .tooManyAttempts(seconds: 7),
    ]

    /// The client parses the same reply that the server has encoded, so their texts cannot differ.
    @Test(arguments: all)
    func roundTrip(_ reply: Reply) throws {
        let line = reply.standardReply(to: "X").encoded.dropLast(2)
        let message = try IRCMessage(parsing: Array(line))
        let back = try #require(Reply(message))
        #expect(back.text == reply.text && back.code == reply.code)
        #expect(message.command == (reply.isFailure ? "FAIL" : "NOTE"))
        #expect(message.parameters.last == reply.text)
    }

    @Test func codesAreTheirOwn() {
        let codes = Self.all.map(\.code)
        #expect(Set(codes).count == codes.count - 3, "only groupCreated, activeUser and notPermitted are there twice")
    }

    @Test func aNewerServersReplyIsNotMisread() {
        #expect(Reply(IRCMessage("FAIL", "X", "FROM_THE_FUTURE", "a", "text")) == nil)
        #expect(Reply(IRCMessage("FAIL", "X", "NOW_BLOCKED", "soon", "text")) == nil)
        #expect(Reply(IRCMessage("NOTE", "X", "NO_SUCH_USER", "text")) == nil)
        #expect(Reply(IRCMessage("PRIVMSG", "X", "BLOCKED", "text")) == nil)
    }

    @Test func textsToTheLetter() {
        #expect(Reply.invalidCredentials.text == "Invalid credentials. Try again.")
        #expect(
            Reply.nowBlocked(seconds: 10).text == "You are blocked due to multiple failed login attempts. Try again 10 seconds later.")
        #expect(Reply.loginTimedOut(seconds: 1).text == "You did not log in within 1 second.")
        #expect(Reply.loginTimedOut(seconds: 60).text == "You did not log in within 60 seconds.")
        #expect(Reply.blocked.text == "You are blocked. Please try again later.")
        #expect(Reply.welcome(name: "ethan").text == "Welcome! ethan")
        #expect(Reply.goodbye(name: "yoda").text == "Bye, yoda!")
        #expect(Reply.noSuchUser("hans2").text == "There is no user hans2.")
        #expect(Reply.groupExists("jedi").text == "The group chat jedi already exists.")
        #expect(Reply.notMember("jedi").text == "You are not in the group chat jedi.")
        #expect(Reply.notInvited("jedi").text == "You were not invited to the group chat jedi.")
        #expect(Reply.unknownCommand("/msg").text == "Unknown command: /msg. Try /help.")
        #expect(Reply.kept(for: "hans").text == "hans is not active. The message will be delivered at the next login.")
        #expect(Reply.notActive("hans").text == "hans is not active.")
        #expect(Reply.noOtherActive.text == "No other active user.")
        #expect(Texts.connected == "Connected to the server.")
        #expect(Texts.udpListening(port: 9999) == "UDP server listening on port 9999")
        #expect(
            Texts.commandsPrompt
                == "Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):"
        )
    }
}

struct JSONTextTests {
    @Test(arguments: [
        ("", ""), ("plain /", "plain /"), (#"a"b\c"#, #"a\"b\\c"#), ("\n\r\t\u{0}\u{1B}\u{7F}\u{9B}", #"\n\r\t\u0000\u001b\u007f\u009b"#),
        ("\u{202E}\u{2066}\u{61C}\u{200B}\u{FEFF}\u{2028}", #"\u202e\u2066\u061c\u200b\ufeff\u2028"#),
        ("\u{E0001}", #"\udb40\udc01"#), ("naïve 🙂 日本", "naïve 🙂 日本"),
    ])
    func examples(_ text: String, _ inside: String) throws {
        let quoted = JSONText.quoted(text)
        #expect(quoted == "\"\(inside)\"")
        #expect(try JSONDecoder().decode([String].self, from: Data("[\(quoted)]".utf8)) == [text])
    }
}

struct SafeTextTests {
    /// Colours of mIRC have one or two digits, and after a comma as many for the background; hexadecimal colours have six.
    @Test(arguments: [
        ("\u{3}12345", "345"), ("\u{3}4red\u{3} plain", "red plain"), ("\u{3}04,12345", "345"), ("\u{3}4,x", ",x"), ("\u{3},5", ",5"),
        ("\u{3}1,2,3", ",3"), ("\u{4}ff00AAx", "x"), ("\u{4}ff00AA,001122x", "x"), ("\u{4}ff00AA,00112x", ",00112x"),
        ("\u{4}ff00x", "ff00x"),
        ("\u{2}b\u{1D}i\u{1F}u\u{1E}s\u{11}m\u{16}r\u{F}", "biusmr"), ("\u{3}", ""), ("\u{3}1", ""), ("\u{3}1,", ","), ("a\u{4}", "a"),
        ("\u{3}\u{661}\u{662}", "\u{2068}\u{661}\u{662}\u{2069}"),
    ])
    func coloursOfIRCGoWithTheirNumbers(_ text: String, _ shown: String) { #expect(SafeText.shown(text) == shown) }

    @Test(arguments: [
        ("plain", "plain"), ("a\tb", "a\tb"), ("\u{1B}[31mred\u{1B}[0m", "red"), ("a\r\nb\u{7}", "ab"),
        ("\u{9B}2Jx", "x"), ("\u{1B}[12;", ""), ("\u{1B}]0;title\u{7}x", "x"), ("\u{1B}]52;c;AAAA\u{1B}\\x", "x"),
        ("\u{1B}]no end", "no end"),
        ("\u{1B}(Bx\u{1B}cy\u{1B}", "xy"), ("\u{90}q\u{9C}x", "x"), ("\u{1B}\u{1B}[1mx", "x"), ("\u{1B}[3\u{1B}[4mx", "x"),
        ("\u{202E}evil", "evil"), ("x\u{200B}y\u{2066}z", "xyz"), ("naïve 🙂 日本", "naïve 🙂 日本"), ("שלום", "\u{2068}שלום\u{2069}"),
    ])
    func examples(_ text: String, _ shown: String) { #expect(SafeText.shown(text) == shown) }

    @Test func stackedMarksAreBounded() {
        let zalgo = "a" + String(repeating: "\u{301}", count: 500)
        #expect(SafeText.shown(zalgo).unicodeScalars.count == 1 + SafeText.maximumCombining)
    }

    @Test(arguments: 0..<UInt64(300))
    func nothingThatSteersATerminalIsLeft(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let interesting: [ClosedRange<UInt32>] = [
            0...0xFF, 0x590...0x6FF, 0x2000...0x206F, 0x300...0x36F, 0xFE00...0xFEFF, 0xE0000...0xE00FF,
        ]
        var view = String.UnicodeScalarView()
        for _ in 0..<50 {
            let range = interesting.randomElement(using: &random) ?? 0...0
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { view.append(scalar) }
        }
        let shown = SafeText.shown(String(view), isolates: false)
        #expect(!shown.unicodeScalars.contains { ($0.value < 0x20 && $0.value != 9) || (0x7F...0x9F).contains($0.value) })
        #expect(!shown.unicodeScalars.contains { (0x202A...0x202E).contains($0.value) || (0x2066...0x2069).contains($0.value) })
        #expect(SafeText.shown(shown, isolates: false) == shown)
    }
}
