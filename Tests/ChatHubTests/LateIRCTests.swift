import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Testing

/// An IRC client that was silent for so long that it was taken for a plain-text one.
struct LateIRCTests {
    private static let prompt = "Enter username: "

    private static let secrets = ["PASS secret", "pass :sec ret", "PASS\tsecret", "PASS:secret", " \tPaSs  secret"].map { Array($0.utf8) }
    private static let broken: [[UInt8]] = [
        Array("PASS secret".utf8) + [0xE9], Array("PASS secret".utf8) + [0], Array("PASS sec\rret".utf8),
        Array("PASS ".utf8) + Array(repeating: 0x73, count: 5000), Array("PASS ".utf8) + Array(repeating: 0x73, count: 20_000),
    ]

    private func late() -> CodecHarness<TextCodec> {
        var harness = CodecHarness(TextCodec())
        #expect(harness.popOutput() == Self.prompt)
        return harness
    }

    @Test(arguments: [
        "PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n", "NICK yoda\r\nPASS yoda:pw-yoda\r\nUSER y 0 * :Y\r\n",
        "USER y 0 * :Y\nPASS pw-yoda\nNICK yoda\n", "pass yoda:pw-yoda\r\nnick yoda\r\nuser y 0 * :Y\r\n",
        "CAP LS 302\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\nCAP END\r\n",
        "\r\n  PASS pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n",
        "AUTHENTICATE PLAIN\r\nAUTHENTICATE AHlvZGEAcHcteW9kYQ==\r\nNICK yoda\r\nUSER y 0 * :Y\r\n",
        "@time=x CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE AHlvZGEAcHcteW9kYQ==\r\nNICK yoda\r\nUSER y 0 * :Y\r\nCAP END\r\n",
        ":x NICK yoda\r\nPASS pw-yoda\r\nUSER y 0 * :Y\r\n",
    ])
    func itsFirstLineMakesItAnIRCSession(_ lines: String) {
        var harness = late()
        let answer = harness.send(lines)
        // The line of the prompt ends first, so that the first line of IRC is complete.
        #expect(answer.hasPrefix("\r\n") || answer.hasPrefix(Self.prompt + "\r\n"))
        #expect(answer.contains("\r\n:chatty 001 yoda :Welcome! yoda\r\n"))
        #expect(!answer.contains("pw-yoda") && !answer.contains(Texts.passwordPrompt))
        #expect(harness.codec.representation != .text)
        // From now on the connection behaves like any IRC connection.
        #expect(harness.send("PING x\r\n") == ":chatty PONG chatty x\r\n")
        let luke = harness.script.logIn("luke")
        harness.script.send(luke, .message(to: "yoda", text: "hi", isNotice: false))
        harness.collect()
        #expect(harness.popOutput().contains(":luke!luke@chatty PRIVMSG yoda :hi\r\n"))
        let tags = "@" + String(repeating: "a", count: 4000) + " PRIVMSG luke :" + String(repeating: "x", count: 4096) + "\r\n"
        harness.send(tags)
        #expect(harness.script.lines.last == "User: yoda successfully sent a direct message to: luke.")
        harness.send("QUIT\r\n")
        #expect(harness.isClosed)
    }

    /// IRC is recognised wherever a name is asked for, whatever came before.
    @Test(arguments: ["PING x\n", "nobody\n", "yoda\nwrong\n", "\u{1}\n"]) func whereverANameIsAskedFor(before: String) {
        var harness = late()
        harness.send(before)
        #expect(harness.send("PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n").hasPrefix("\r\n:chatty 001 yoda "))
    }

    /// No part of a password is echoed, whatever it contains.
    @Test(arguments: secrets + broken) func nothingBehindPASSIsRepeated(_ line: [UInt8]) {
        var harness = late()
        let answer = harness.send(line + [0x0D, 0x0A])
        #expect(!answer.contains("sec") && !answer.contains("ss "), "\(answer.debugDescription)")
        #expect(harness.script.lines.isEmpty)
        let next = harness.send("NICK yoda\r\nUSER y 0 * :Y\r\n")
        #expect(!next.contains("sec") && harness.codec.representation != .text && harness.script.lines.allSatisfy { !$0.contains("sec") })
    }

    /// A single word is a name, and so is one with a punctuation mark: these are people.
    @Test(arguments: [
        "cap", "NICK", "User", "pass", "authenticate", "nick ", "pass-word", "cap.x", "user_1", "PASS1", "nickname", "nicknames are fun",
    ])
    func aNameIsNoCommand(_ name: String) {
        let trimmed = name == "nick " ? "nick" : name
        var harness = CodecHarness(TextCodec(), HubScript(users: trimmed.contains(" ") ? [] : [trimmed]))
        _ = harness.popOutput()
        let answer = harness.send(name + "\r\n")
        #expect(harness.codec.representation == .text)
        #expect(trimmed.contains(" ") ? answer.hasSuffix("\n" + Self.prompt) : answer == Texts.passwordPrompt)
        let next = harness.send("pw-\(Name.fold(trimmed))\r\n")
        #expect(trimmed.contains(" ") || next.hasPrefix("Welcome! \(trimmed)\n"))
    }

    /// Elsewhere the words are text: a password or a message may be any text.
    @Test func elsewhereTheyAreText() {
        let script = HubScript()
        script.passwords["yoda"] = "NICK yoda"
        var harness = CodecHarness(TextCodec(), script)
        #expect(harness.send("yoda\nNICK yoda\n").contains("Welcome! yoda\n"))
        #expect(harness.send("PASS secret\n") == Texts.notACommand + "\n")
        #expect(harness.codec.representation == .text)
    }
}
