import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import TestSupport
import Testing

struct IRCCodecTests {
    /// The base64 of NUL yoda NUL pw-yoda.
    private let right = "AHlvZGEAcHcteW9kYQ=="
    private let wrong = "AHlvZGEAbm8="

    /// Registers like WeeChat or irssi: SASL, tags and times.
    private func registered(_ capabilities: String = "sasl server-time message-tags echo-message") -> CodecHarness<IRCCodec> {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP LS 302\r\nNICK me\r\nUSER me 0 * :Me\r\nCAP REQ :\(capabilities)\r\nAUTHENTICATE PLAIN\r\n")
        harness.send("AUTHENTICATE \(right)\r\nCAP END\r\n")
        return harness
    }

    @Test func aNULOrACRIsRefusedWithItsLine() {
        var harness = registered("sasl standard-replies")
        #expect(
            harness.send("PRIVMSG hans :left\0right\r\n")
                == ":chatty FAIL * FORBIDDEN_BYTE :The line contains a NUL or CR character, which is not allowed. It was not read.\r\n")
    }

    @Test func registrationWithSASL() {
        var harness = CodecHarness(IRCCodec())
        let list = harness.send("CAP LS 302\r\nNICK me\r\nUSER me 0 * :Me\r\n")
        #expect(list.hasPrefix(":chatty CAP * LS :sasl=PLAIN message-tags server-time "))
        #expect(harness.send("CAP REQ :sasl server-time\r\n") == ":chatty CAP me ACK :sasl server-time\r\n")
        #expect(harness.send("CAP REQ :sasl no-such\r\n") == ":chatty CAP me NAK :sasl no-such\r\n")
        #expect(harness.send("AUTHENTICATE PLAIN\r\n") == "AUTHENTICATE +\r\n")
        #expect(harness.send("AUTHENTICATE \(wrong)\r\n") == ":chatty 904 me :Invalid credentials. Try again.\r\n")
        harness.send("AUTHENTICATE PLAIN\r\n")
        #expect(
            harness.send("AUTHENTICATE \(right)\r\n")
                == ":chatty 900 yoda yoda!yoda@chatty yoda :You are now logged in as yoda\r\n:chatty 903 yoda :SASL authentication successful\r\n"
        )
        let welcome = harness.send("CAP END\r\n")
        #expect(welcome.hasPrefix(":chatty 001 yoda :Welcome! yoda\r\n"))
        #expect(welcome.contains(" CASEMAPPING=ascii ") && welcome.hasSuffix(":chatty 422 yoda :There is no message of the day\r\n"))
    }

    /// chatty's client acknowledges what it has shown; to others the command is unknown.
    @Test func whatAClientHasShown() {
        var other = registered()
        #expect(other.send("SEEN 00000000000A1\r\n") == ":chatty 421 yoda SEEN :Unknown command\r\n")
        var harness = registered("sasl message-tags server-time batch labeled-response chatty/service")
        #expect(harness.send("SEEN 00000000000A1\r\n").isEmpty)
        #expect(harness.send("SEEN nonsense\r\n").contains(" 461 yoda SEEN "))
        #expect(harness.send("SEEN\r\n").contains(" 461 yoda SEEN "))
    }

    @Test func aNickBehindTheLogInChangesNothing() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP LS 302\r\nCAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE \(right)\r\nCAP END\r\n")
        let welcome = harness.send("NICK root\r\nUSER root 0 * :root\r\n")
        #expect(welcome.hasPrefix(":chatty 001 yoda :Welcome! yoda\r\n") && !welcome.contains("root"))
    }

    @Test func aClientThatDoesNotWait() {
        var harness = CodecHarness(IRCCodec())
        harness.script.holdsBack = true
        harness.send(
            "CAP LS 302\r\nNICK me\r\nUSER me 0 * :Me\r\nCAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE \(right)\r\nCAP END\r\n")
        for _ in 0..<10 {
            harness.script.settleOne()
            harness.collect()
        }
        #expect(harness.popOutput().contains(":chatty 001 yoda "))
    }

    @Test func registrationWithAPassword() {
        var harness = CodecHarness(IRCCodec())
        #expect(harness.send("PASS yoda:pw-yoda\r\nNICK other\r\nUSER u 0 * :U\r\n").hasPrefix(":chatty 001 yoda :Welcome! yoda\r\n"))
        var second = CodecHarness(IRCCodec())
        #expect(second.send("PASS pw-yoda\r\nNICK yoda\r\nUSER u 0 * :U\r\n").hasPrefix(":chatty 001 yoda "))
        var third = CodecHarness(IRCCodec())
        let refused = third.send("PASS yoda:no\r\nNICK yoda\r\nUSER u 0 * :U\r\n")
        #expect(refused.hasPrefix(":chatty 464 yoda :Invalid credentials. Try again.\r\n"))
        #expect(refused.contains("ERROR :Log in first") && third.isClosed)
    }

    @Test func withoutALogInNobodyGetsIn() {
        var harness = CodecHarness(IRCCodec())
        #expect(harness.send("NICK yoda\r\nUSER u 0 * :U\r\n").hasPrefix(":chatty 464 yoda :Log in first"))
        #expect(harness.isClosed)
        var early = CodecHarness(IRCCodec())
        #expect(early.send("PRIVMSG luke :hi\r\n") == ":chatty 451 * :You have not registered\r\n")
    }

    /// chatty connect: the name is checked before its password, and every attempt is answered with a text to show.
    @Test func ourClientsTries() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP LS 302\r\nCAP REQ :sasl labeled-response batch standard-replies chatty/service\r\n")
        #expect(harness.send("@label=1 NICK hans2\r\n") == "@label=1 :chatty FAIL NICK NO_SUCH_USER hans2 :There is no user hans2.\r\n")
        #expect(harness.send("@label=2 NICK yoda\r\n") == "@label=2 :chatty ACK\r\n")
        for _ in 0..<2 {
            harness.send("AUTHENTICATE PLAIN\r\n")
            #expect(
                harness.send("AUTHENTICATE \(wrong)\r\n")
                    == ":chatty FAIL AUTHENTICATE INVALID_CREDENTIALS :Invalid credentials. Try again.\r\n:chatty 904 yoda :Invalid credentials. Try again.\r\n"
            )
        }
        harness.send("AUTHENTICATE PLAIN\r\n")
        #expect(harness.send("AUTHENTICATE \(wrong)\r\n").contains("FAIL AUTHENTICATE NOW_BLOCKED 10 :You are blocked due to"))
        harness.send("AUTHENTICATE PLAIN\r\n")
        #expect(harness.send("AUTHENTICATE \(right)\r\n").contains("FAIL AUTHENTICATE BLOCKED :You are blocked. Please try again later."))
    }

    @Test(arguments: ["AUTHENTICATE !!!", "AUTHENTICATE AAAA", "AUTHENTICATE =", "AUTHENTICATE AHlvZGE="])
    func badSASL(_ line: String) {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\n")
        #expect(harness.send(line + "\r\n") == ":chatty 904 * :SASL authentication failed\r\n")
        #expect(harness.send("AUTHENTICATE EXTERNAL\r\n").contains(" 908 * PLAIN "))
    }

    @Test func messagesAndGroups() {
        var harness = registered()
        let luke = harness.script.logIn("luke")
        let time = harness.script.now.wall.iso8601
        let echo = harness.send("PRIVMSG luke :hello  there\r\n")
        #expect(echo.hasPrefix("@time=\(time);msgid=") && echo.hasSuffix(" :yoda!yoda@chatty PRIVMSG luke :hello  there\r\n"))
        #expect(harness.script.messages(luke) == ["yoda: hello  there"])
        #expect(harness.send("PRIVMSG nobody :x\r\n") == ":chatty 401 yoda nobody :There is no user nobody.\r\n")
        #expect(
            harness.send("PRIVMSG hans :x\r\n").hasSuffix(
                ":chatty 301 yoda hans :hans is not active. The message will be delivered at the next login.\r\n"))
        #expect(
            harness.send("JOIN #jedi\r\n")
                == ":yoda!yoda@chatty JOIN #jedi\r\n:chatty 353 yoda = #jedi :@yoda\r\n:chatty 366 yoda #jedi :End of NAMES\r\n"
                + ":chatty NOTICE yoda :The group chat jedi has been created. Everybody can join it.\r\n")
        harness.script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        harness.script.send(luke, .groupMessage(group: "jedi", text: "hi", isNotice: false))
        harness.collect()
        let seen = harness.popOutput()
        #expect(seen.hasPrefix(":luke!luke@chatty JOIN #jedi\r\n@time="))
        #expect(seen.hasSuffix(" :luke!luke@chatty PRIVMSG #jedi :hi\r\n"))
        #expect(harness.send("WHO #jedi\r\n").contains(":chatty 352 yoda #jedi luke chatty chatty luke H :0 luke\r\n"))
        #expect(harness.send("MODE #jedi\r\n").hasPrefix(":chatty 324 yoda #jedi +\r\n"))
        #expect(harness.send("PART #jedi\r\n") == ":yoda!yoda@chatty PART #jedi\r\n")
        #expect(harness.send("PART #jedi\r\n") == ":chatty 442 yoda #jedi :You are not in the group chat jedi.\r\n")
        #expect(harness.send("QUIT\r\n") == "ERROR :Bye, yoda!\r\n")
    }

    /// Whether a topic or a mode may be changed is the hub's affair: the codec knows neither the group nor its members.
    @Test func theHubDecidesOnTopicsAndModes() {
        var harness = registered()
        #expect(harness.send("TOPIC #sith :x\r\n") == ":chatty 403 yoda #sith :There is no group chat sith.\r\n")
        harness.send("JOIN #jedi\r\n")
        #expect(harness.send("TOPIC #jedi\r\n") == ":chatty 331 yoda #jedi :No topic is set\r\n")
        #expect(harness.send("TOPIC #jedi :x\r\n") == ":chatty 482 yoda #jedi :The topic of the group chat jedi cannot be set.\r\n")
        #expect(harness.send("MODE #jedi +m\r\n") == ":chatty 482 yoda #jedi :The modes of the group chat jedi cannot be changed.\r\n")
        harness.send("PART #jedi\r\n")
        let luke = harness.script.logIn("luke")
        harness.script.send(luke, .createGroup(name: "sith", members: []))
        #expect(harness.send("MODE #sith +m\r\n") == ":chatty 442 yoda #sith :You are not in the group chat sith.\r\n")
        var standard = registered("sasl standard-replies")
        standard.send("JOIN #jedi\r\n")
        #expect(
            standard.send("TOPIC #jedi :x\r\n")
                == ":chatty FAIL TOPIC NOT_PERMITTED TOPIC jedi :The topic of the group chat jedi cannot be set.\r\n")
    }

    @Test func answersAreLabelled() {
        var harness = registered("sasl labeled-response batch standard-replies echo-message chatty/service")
        #expect(
            harness.send("@label=a PRIVMSG luke :x\r\n").split(separator: "\r\n").map { $0.prefix(14) }
                == ["@label=a :chat", "@batch=b1 :yod", "@batch=b1 :cha", ":chatty BATCH "])
        #expect(harness.send("@label=b PING x\r\n") == "@label=b :chatty PONG chatty x\r\n")
        #expect(harness.send("@label=c PONG\r\n") == "@label=c :chatty ACK\r\n")
        #expect(harness.send("PONG\r\n") == "")
        #expect(harness.send("@label=d NICK yoda\r\n") == "@label=d :chatty ACK\r\n")
        #expect(
            harness.send("@label=e JOIN #sith\r\n") == "@label=e :chatty FAIL JOIN NO_SUCH_GROUP sith :There is no group chat sith.\r\n")
        #expect(harness.send("@label=f ACTIVEUSER\r\n") == "@label=f :chatty NOTE ACTIVEUSER NO_OTHER_ACTIVE :No other active user.\r\n")
        #expect(harness.send("@label=g CREATEGROUP #jedi luke\r\n").contains(":chatty NOTE CREATEGROUP GROUP_CREATED jedi luke :"))
        #expect(harness.send("NOSUCH\r\n") == ":chatty 421 yoda NOSUCH :Unknown command\r\n")
        #expect(harness.send("P2P luke OFFER id1 :payload here\r\n").contains("FAIL P2P NOT_ACTIVE luke :luke is not active."))
        #expect(
            harness.send("QUIT\r\n")
                == ":chatty FAIL * GOODBYE yoda :Bye, yoda!\r\nERROR :Bye, yoda!\r\n".replacing("FAIL *", with: "NOTE *"))
    }

    /// A labelled message to two targets is two messages, and neither is taken for a repetition of the other.
    @Test func aLabelledMessageToTwoReachesBoth() {
        var harness = registered("sasl labeled-response batch standard-replies chatty/service")
        let luke = harness.script.logIn("luke")
        let hans = harness.script.logIn("hans")
        let answer = harness.send("@label=a PRIVMSG luke,hans :x\r\n")
        #expect(answer == "@label=a :chatty ACK\r\n", "one answer, whatever the number of commands")
        #expect(harness.script.messages(luke) == ["yoda: x"] && harness.script.messages(hans) == ["yoda: x"])
    }

    @Test func allThatALineLeadsToIsOneBatch() {
        var harness = registered("sasl labeled-response batch echo-message")
        harness.send("JOIN #jedi\r\n")
        let lines = harness.send("@label=a PRIVMSG luke,nobody,#jedi :x\r\n").split(separator: "\r\n")
        let batch = lines.first?.split(separator: "+").last?.split(separator: " ").first ?? ""
        #expect(lines.first == "@label=a :chatty BATCH +\(batch) labeled-response" && lines.last == ":chatty BATCH -\(batch)")
        #expect(
            lines.dropFirst().dropLast() == [
                "@batch=\(batch) :yoda!yoda@chatty PRIVMSG luke :x",
                "@batch=\(batch) :chatty 301 yoda luke :luke is not active. The message will be delivered at the next login.",
                "@batch=\(batch) :chatty 401 yoda nobody :There is no user nobody.", "@batch=\(batch) :yoda!yoda@chatty PRIVMSG #jedi :x",
            ])
        #expect(harness.send("PING after\r\n") == ":chatty PONG chatty after\r\n")
        var early = CodecHarness(IRCCodec())
        #expect(early.send("CAP REQ :labeled-response batch\r\n@label=p PASS yoda:pw-yoda\r\n").hasSuffix("@label=p :chatty ACK\r\n"))
    }

    /// Without the capability a client gets no batches: a single line carries the label, several have none.
    @Test func withoutBatchesALabelIsOnOneLineOnly() {
        var harness = registered("sasl labeled-response echo-message")
        let answer = harness.send("@label=a PRIVMSG luke :x\r\n")
        #expect(answer.hasPrefix(":yoda!yoda@chatty PRIVMSG luke :x\r\n:chatty 301 ") && !answer.contains("BATCH"))
        #expect(harness.send("@label=b PING x\r\n") == "@label=b :chatty PONG chatty x\r\n")
    }

    @Test func clientTagsAreForTheClientsThatAskForThem() {
        var harness = registered()
        let luke = harness.script.logIn("luke")
        let time = harness.script.now.wall
        let typing = [IRCMessage.Tag("+typing", "active")]
        #expect(
            harness.send("@+typing=active;label=x;+bad\u{7}=1 TAGMSG luke\r\n")
                == "@time=\(time.iso8601);+typing=active :yoda!yoda@chatty TAGMSG luke\r\n")
        #expect(harness.script.told[luke] == [.tags(from: "yoda", to: "luke", typing, at: time)])
        #expect(!harness.script.kept.contains { if case .message = $0 { true } else { false } }, "nothing is kept")
        harness.script.send(luke, .tagMessage(to: .user("yoda"), typing))
        harness.collect()
        #expect(harness.popOutput() == "@time=\(time.iso8601);+typing=active :luke!luke@chatty TAGMSG yoda\r\n")
        #expect(
            harness.send("@+draft/reply=a\\:b;time=1 PRIVMSG luke :yes\r\n").contains(
                ";+draft/reply=a\\:b :yoda!yoda@chatty PRIVMSG luke :yes\r\n"))
        #expect(harness.send("@+typing=done TAGMSG #jedi\r\n") == ":chatty 403 yoda #jedi :There is no group chat jedi.\r\n")
        #expect(harness.send("TAGMSG\r\n") == ":chatty 461 yoda TAGMSG :Not enough parameters\r\n")
        var plain = registered("sasl echo-message server-time")
        let hans = plain.script.logIn("hans")
        plain.script.send(hans, .tagMessage(to: .user("yoda"), typing))
        plain.script.send(hans, .message(to: "yoda", text: "hi", isNotice: false, tags: typing))
        plain.collect()
        #expect(plain.popOutput() == "@time=\(time.iso8601) :hans!hans@chatty PRIVMSG yoda :hi\r\n")
    }

    @Test func whoIsNotThereIsGone() {
        var harness = registered()
        let luke = harness.script.logIn("luke")
        harness.send("JOIN #jedi\r\n")
        harness.script.send(luke, .joinGroup(name: "jedi", createsMissing: false))
        #expect(harness.send("WHO #jedi\r\n").contains(" jedi luke chatty chatty luke H :") == false)
        harness.collect()
        #expect(harness.send("WHO #jedi\r\n").contains("352 yoda #jedi luke chatty chatty luke H :0 luke\r\n"))
        harness.script.handle(.disconnected(luke, .closed, acknowledged: nil, sent: nil))
        #expect(harness.send("WHO #jedi\r\n").contains("352 yoda #jedi luke chatty chatty luke G :0 luke\r\n"))
        #expect(harness.send("WHO luke\r\n").contains("352 yoda * luke chatty chatty luke G :0 luke\r\n"))
    }

    @Test func listsOfSeveralGroups() {
        var harness = registered()
        harness.send("JOIN #jedi,#sith,#rebels\r\n")
        #expect(
            harness.send("NAMES #jedi,#nowhere,#sith\r\n")
                == ":chatty 353 yoda = #jedi :@yoda\r\n:chatty 366 yoda #jedi :End of NAMES\r\n:chatty 366 yoda #nowhere :End of NAMES\r\n"
                + ":chatty 353 yoda = #sith :@yoda\r\n:chatty 366 yoda #sith :End of NAMES\r\n")
        #expect(harness.send("NAMES\r\n") == ":chatty 366 yoda * :End of NAMES\r\n")
        #expect(
            harness.send("LIST #SITH,#jedi\r\n")
                == ":chatty 322 yoda #jedi 1 :\r\n:chatty 322 yoda #sith 1 :\r\n:chatty 323 yoda :End of LIST\r\n")
        #expect(harness.send("LIST #nowhere\r\n") == ":chatty 323 yoda :End of LIST\r\n")
        #expect(harness.send("LIST\r\n").split(separator: "\r\n").count == 4)
    }

    @Test func logInsThatOverlap() {
        var harness = CodecHarness(IRCCodec())
        harness.send("CAP REQ :sasl\r\n")
        #expect(harness.send("AUTHENTICATE *\r\n") == ":chatty 906 * :SASL authentication aborted\r\n")
        harness.script.holdsBack = true
        harness.send("AUTHENTICATE PLAIN\r\nAUTHENTICATE \(right)\r\nAUTHENTICATE PLAIN\r\n")
        harness.script.settle()
        harness.collect()
        #expect(
            harness.popOutput().hasSuffix(
                ":chatty 903 yoda :SASL authentication successful\r\n:chatty 907 yoda :You have already authenticated\r\n"))
    }

    @Test func tooLongAndNotText() {
        var harness = registered("sasl standard-replies")
        let long = "PRIVMSG luke :" + String(repeating: "x", count: 5000)
        #expect(
            harness.send(long + "\r\n") == ":chatty FAIL * LINE_TOO_LONG 4608 :The line is longer than 4608 bytes. It was not read.\r\n")
        #expect(
            harness.send(Array("PRIVMSG luke :".utf8) + [0xFF, 0x0A])
                == ":chatty FAIL * INVALID_UTF8 :The line is not UTF-8 text. It was not read.\r\n")
        #expect(harness.send("\r\n\r\n") == "")
        #expect(harness.send(String(repeating: "y", count: 20_000) + "\r\nPING a\r\n").hasSuffix(":chatty PONG chatty a\r\n"))
    }

    /// The echo of a line of nearly the greatest length still fits into a line.
    @Test func answersFitIntoALine() {
        let names = (0..<300).map { "someone-\($0)" }
        var harness = CodecHarness(IRCCodec(), HubScript(users: ["yoda"] + names))
        harness.send("CAP REQ :standard-replies\r\nPASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :y\r\nCAP END\r\n")
        let long = String(repeating: "é", count: 2290)
        for line in [
            "PING :\(long)", "WHOIS \(long)", "NICK \(long)", "PRIVMSG \(long) x", "\(String(repeating: "X", count: 4590))",
            "JOIN #\(long)",
            "CREATEGROUP #jedi \(names.joined(separator: " "))", "CHATHISTORY LATEST \(long.prefix(2200)) * 5", "CAP REQ :\(long)",
        ] {
            let output = harness.send(line + "\r\n")
            #expect(output.hasPrefix(":"), "\(line.prefix(20))")
            for answer in output.split(separator: "\r\n") { #expect(answer.utf8.count + 2 <= Limits.lineBytes, "\(line.prefix(20))") }
        }
        #expect(harness.script.kept.contains { if case .groupCreated(let group) = $0 { group.invited.count == 300 } else { false } })
    }

    @Test(arguments: 0..<UInt64(150))
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var harness = seed % 2 == 0 ? registered() : CodecHarness(IRCCodec())
        let words = [
            "PRIVMSG ", "JOIN ", "#jedi", "yoda", " :", "CAP ", "REQ ", "LS", "END", "NICK ", "AUTHENTICATE ", "PLAIN", right, "P2P ",
            "OFFER ",
            "\r\n", "\n", "@label=1 ", ",", "WHO ", "WHOIS ", "MODE ", "NAMES ", "QUI", "PART ", "INVITE ", "CREATEGROUP ", "TOPIC ", "*",
            "+",
        ]
        for _ in 0..<80 {
            let piece =
                Int.random(in: 0..<8, using: &random) > 0 ? Array((words.randomElement(using: &random) ?? "").utf8) : random.bytes(2)
            let output = harness.send(piece)
            #expect(output.isEmpty || output.hasSuffix("\r\n"))
        }
        #expect(!harness.isClosed || harness.script.closed.contains(harness.session))
    }
}
