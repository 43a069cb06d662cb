import ChatProtocol
import TestSupport
import Testing

struct IRCMessageTests {
    @Test(arguments: [
        ("PING", IRCMessage("PING")),
        ("ping  token ", IRCMessage("PING", "token")),
        ("PRIVMSG #jedi :May the force  be", IRCMessage("PRIVMSG", "#jedi", "May the force  be")),
        ("PRIVMSG yoda ::)", IRCMessage("PRIVMSG", "yoda", ":)")),
        ("PRIVMSG yoda :", IRCMessage("PRIVMSG", "yoda", "")),
        (":yoda!y@h JOIN #jedi", IRCMessage(source: "yoda!y@h", command: "JOIN", parameters: ["#jedi"])),
        (
            "@id=1\\:2\\s3\\\\;+x/y;z= :s 001 me",
            IRCMessage(
                tags: [.init("id", "1;2 3\\"), .init("+x/y"), .init("z")], source: "s", command: "001", parameters: ["me"])
        ),
        (
            "A 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
            IRCMessage("A", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16")
        ),
    ])
    func parses(_ line: String, _ expected: IRCMessage) throws {
        #expect(try IRCMessage(parsing: Array(line.utf8)) == expected)
    }

    @Test(arguments: [
        ("", IRCMessage.Defect.empty), (":only.source", .empty), ("@a=b", .empty), ("PRIV\rMSG", .forbiddenByte), ("A\0B", .forbiddenByte),
        ("1PRIVMSG x", .badCommand), ("12 x", .badCommand), ("/msgto x", .badCommand),
    ])
    func refuses(_ line: String, _ defect: IRCMessage.Defect) {
        #expect(throws: defect) { try IRCMessage(parsing: Array(line.utf8)) }
    }

    @Test func boundsAreToTheByte() throws {
        let body = "PRIVMSG a :"
        let fits = body + String(repeating: "x", count: Limits.lineBytes - 2 - body.utf8.count)
        #expect(try IRCMessage(parsing: Array(fits.utf8)).parameters.count == 2)
        #expect(throws: IRCMessage.Defect.bodyTooLong) { try IRCMessage(parsing: Array((fits + "x").utf8)) }
        let tags = "@" + String(repeating: "t", count: Limits.clientTagBytes - 2) + " "
        #expect(try IRCMessage(parsing: Array((tags + "PING").utf8), tagLimit: Limits.clientTagBytes).command == "PING")
        #expect(throws: IRCMessage.Defect.tagsTooLong) {
            try IRCMessage(parsing: Array(("@t" + tags.dropFirst() + "PING").utf8), tagLimit: Limits.clientTagBytes)
        }
        #expect(throws: IRCMessage.Defect.notUTF8) { try IRCMessage(parsing: Array("PRIVMSG a :".utf8) + [0xFF]) }
    }

    /// An encoded message is parsed to the same message, whatever its text.
    @Test(arguments: 0..<UInt64(200))
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let letters = Array("abc:;= \\@#é→🙂".unicodeScalars)
        func text(_ count: Int, spaces: Bool) -> String {
            var view = String.UnicodeScalarView()
            for _ in 0..<count {
                let scalar = letters.randomElement(using: &random) ?? "a"
                view.append(spaces || scalar != " " ? scalar : "_")
            }
            return String(view)
        }
        var parameters = (0..<Int.random(in: 0...5, using: &random)).map { _ in "p" + text(4, spaces: false) }
        parameters.append(text(Int.random(in: 0...20, using: &random), spaces: true))
        let message = IRCMessage(
            tags: (0..<Int.random(in: 0...3, using: &random)).map { .init("k\($0)", text(5, spaces: true)) },
            source: Bool.random(using: &random) ? "nick!user@host" : nil, command: "PRIVMSG", parameters: parameters)
        var line = message.encoded
        #expect(line.suffix(2) == [0x0D, 0x0A])
        line.removeLast(2)
        #expect(!line.contains(0x0A) && !line.contains(0x0D))
        #expect(try IRCMessage(parsing: line) == message)
    }

    /// No text can end a line or begin another.
    @Test func nothingGetsOutOfItsLine() {
        let message = IRCMessage(
            tags: [.init("t", "a\r\nQUIT")], source: "a\nb c", command: "PRIVMSG", parameters: ["x y\r\nz", "hello\r\nQUIT :bye\0"])
        let line = message.encoded
        #expect(line.filter { $0 == 0x0A }.count == 1 && line.filter { $0 == 0x0D }.count == 1 && !line.contains(0))
        #expect(String(decoding: line, as: UTF8.self) == "@t=a\\r\\nQUIT :a_b_c PRIVMSG x_y__z :hello  QUIT :bye \r\n")
    }

    @Test(arguments: 0..<UInt64(400))
    func anyBytesAreReadOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = seed % 2 == 0 ? nil : Array("@:;= \\PRIVMSG#a\u{7F}".utf8) + [0xC3, 0xFF, 0x0D]
        let line = random.bytes(Int.random(in: 0...300, using: &random), from: alphabet)
        if let message = try? IRCMessage(parsing: line) {
            #expect(!message.command.isEmpty)
            #expect(message.parameters.count <= 15)
            // A parsed message can be encoded and parsed again.
            #expect((try? IRCMessage(parsing: Array(message.encoded.dropLast(2)))) != nil || message.encoded.count > Limits.lineBytes)
        }
    }
}
