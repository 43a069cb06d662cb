import ChatCodec
import ChatHub
import ChatProtocol
import Testing

/// Lines of IRC that are refused before they are interpreted: each is answered, with its label if it has one.
@Suite struct EarlyErrorTests {
    private static let capabilities = "CAP REQ :labeled-response batch standard-replies message-tags\r\n"

    private static func registered() -> CodecHarness<IRCCodec> {
        var harness = CodecHarness(IRCCodec())
        harness.send(capabilities + "PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\nCAP END\r\n")
        return harness
    }

    private static let refused: [[UInt8]] = [
        Array("@label=x NONSENSE\r\n".utf8), Array("@label=x N?\r\n".utf8),
        Array("@label=x PRIVMSG luke :".utf8) + [0xFF] + Array("\r\n".utf8), Array("@label=x PING a\0b\r\n".utf8),
        Array("@+a=b;label=x PING :\(String(repeating: "y", count: 5000))\r\n".utf8),
        Array("@label=x PING :\(String(repeating: "y", count: 20_000))\r\n".utf8),
        Array("@label=x;+a=\(String(repeating: "y", count: 4090)) PING a\r\n".utf8),
        Array("@label=x JOIN\r\n".utf8), Array("@label=x WHOIS a,b,c,d,e\r\n".utf8),
    ]

    @Test(arguments: refused.indices) func theLabelIsKeptBehindTheLogIn(index: Int) {
        var harness = Self.registered()
        #expect(harness.send(Self.refused[index]).hasPrefix("@label=x :chatty "))
    }

    @Test(arguments: refused.indices) func theLabelIsKeptBeforeTheLogIn(index: Int) {
        var harness = CodecHarness(IRCCodec())
        harness.send(Self.capabilities)
        #expect(harness.send(Self.refused[index]).hasPrefix("@label=x :chatty "))
    }

    @Test func severalLinesOfAnErrorAreOneAnswer() {
        var harness = CodecHarness(IRCCodec())
        harness.send(Self.capabilities)
        let lines = harness.send("@label=x AUTHENTICATE EXTERNAL\r\n").split(separator: "\r\n")
        #expect(lines.first == "@label=x :chatty BATCH +b1 labeled-response" && lines.count == 4)
        #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasPrefix("@batch=b1 :chatty 90") })
    }

    @Test func aLogInThatFailsAtItsEndIsAnswered() {
        var harness = CodecHarness(IRCCodec())
        harness.send(Self.capabilities + "PASS yoda:wrong\r\nNICK yoda\r\nUSER y 0 * :y\r\n")
        let answer = harness.send("@label=x CAP END\r\n")
        #expect(answer.hasPrefix("@label=x :chatty 464 yoda :"))
        #expect(answer.contains("\r\nERROR :"))
        var without = CodecHarness(IRCCodec())
        without.send(Self.capabilities + "NICK yoda\r\nUSER y 0 * :y\r\n")
        #expect(without.send("@label=x CAP END\r\n").hasPrefix("@label=x :chatty FAIL "))
        var right = CodecHarness(IRCCodec())
        right.send(Self.capabilities + "PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\n")
        let lines = right.send("@label=x CAP END\r\n").split(separator: "\r\n")
        #expect(lines.first == "@label=x :chatty BATCH +b1 labeled-response" && lines.last == ":chatty BATCH -b1")
        #expect(lines.contains { $0.hasPrefix("@batch=b1 :chatty 001 yoda ") })
    }

    @Test func aFloodBeforeTheLogInIsAnswered() {
        var configuration = HubConfiguration()
        configuration.messageRate = 1
        var harness = CodecHarness(IRCCodec(), HubScript(configuration))
        harness.send(Self.capabilities + "CAP REQ :chatty/service\r\n")
        for _ in 1...64 { harness.send("NICK yoda\r\n") }
        #expect(harness.send("@label=x NICK yoda\r\n").hasPrefix("@label=x :chatty FAIL NICK FLOODED "))
    }

    @Test(arguments: ["*", "a*", "#jedi", "a@b", "a!b", "a,b", "$x"]) func aNickThatIsNoneIsRefused(nick: String) {
        var harness = CodecHarness(IRCCodec())
        #expect(harness.send("NICK :\(nick)\r\n") == ":chatty 432 * \(nick) :Erroneous nickname\r\n")
        #expect(harness.send("NICK ::\(nick)\r\n") == ":chatty 432 * * :Erroneous nickname\r\n")
        // Another nickname is accepted.
        #expect(harness.send("PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\n").hasPrefix(":chatty 001 yoda "))
    }

    /// Some clients send a person's real name in Latin-1; it is ignored.
    @Test(arguments: [[UInt8]("USER y 0 * :Andr".utf8) + [0xE9], Array("USER \u{0} 0 * :y".utf8), Array("user ".utf8) + [0xFF]])
    func aUserThatIsNotUTF8IsOneAllTheSame(line: [UInt8]) {
        var harness = CodecHarness(IRCCodec())
        harness.send("PASS yoda:pw-yoda\r\nNICK yoda\r\n")
        #expect(harness.send(line + Array("\r\n".utf8)).hasPrefix(":chatty 001 yoda "))
    }

    @Test func aNickThatIsNotUTF8IsRefused() {
        var harness = CodecHarness(IRCCodec())
        #expect(harness.send(Array("NICK ".utf8) + [0xFF, 0x0D, 0x0A]) == ":chatty 432 * * :Erroneous nickname\r\n")
    }

    /// A line can name as many groups as fit into it. For the others `TARGMAX` announces a limit.
    @Test func manyGroupsAreJoinedAndLeftByOneLine() {
        var harness = CodecHarness(IRCCodec())
        let welcome = harness.send("PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\n")
        #expect(welcome.contains(" TARGMAX=PRIVMSG:4,NOTICE:4,TAGMSG:4,NAMES:4,WHOIS:4,JOIN:,PART:,LIST: "))
        let groups = (1...40).map { "#g\($0)" }
        let joined = harness.send("JOIN \(groups.joined(separator: ","))\r\n").split(separator: "\r\n")
        #expect(joined.filter { $0.hasPrefix(":yoda!yoda@chatty JOIN ") }.map { $0.split(separator: " ")[2] } == groups.map { $0[...] })
        let left = harness.send("PART \(groups.joined(separator: ","))\r\n").split(separator: "\r\n")
        #expect(left == groups.map { ":yoda!yoda@chatty PART \($0)" })
        for line in ["PRIVMSG a,b,c,d,e :x", "NAMES #a,#b,#c,#d,#e", "WHOIS a,b,c,d,e"] {
            #expect(harness.send(line + "\r\n") == ":chatty 407 yoda * :Too many targets: at most 4\r\n")
        }
        let known = harness.send("WHOIS luke,hans\r\n")
        #expect(known.contains(" 318 yoda luke ") && known.contains(" 318 yoda hans "))
    }
}
