import Foundation
import Testing

extension ServiceTests {
    /// Text that another client sends to control the terminals of others.
    @Suite("Hostile text on a terminal")
    struct ConnectHostileTests {
        /// Sets the title, clears, colours, rings, reverses, hides and stacks characters.
        private static let poison =
            "\u{1B}]0;owned\u{7}\u{1B}[2J\u{1B}[31m\u{9B}5m\u{8}\u{202E}live\u{202C}\u{2066}x\u{2069}\u{200B}\u{FEFF}"
            + String(repeating: "\u{301}", count: 500) + String(repeating: "\u{200D}", count: 500)

        private static let forbidden: [Unicode.Scalar] = [
            "\u{7}", "\u{8}", "\u{9B}", "\u{202E}", "\u{202C}", "\u{2066}", "\u{200B}", "\u{FEFF}",
        ]

        @Test func nothingOfItReachesTheTerminalRaw() async throws {
            let chat = try await ChatFixture()
            let yoda = try chat.terminal("--bell", "off")
            try await chat.logIn(yoda, as: "yoda")
            let luke = try await chat.server.ircSession("luke", capabilities: "chatty/service")
            let away = String(String.UnicodeScalarView(Self.poison.unicodeScalars.prefix(60)))
            try luke.send("CREATEGROUP #jedi yoda\r\nPRIVMSG yoda :1\(Self.poison)end\r\nAWAY :2\(away)end\r\n")
            try await yoda.output.expect("luke invited you to the group chat jedi.")
            try yoda.type("/joingroup jedi\r")
            try await yoda.output.expect("You joined the group chat jedi.")
            try luke.send("PRIVMSG #jedi :3\(Self.poison)end\r\nNOTICE #jedi :4\(Self.poison)end\r\n")
            let name = String(decoding: try JSONEncoder().encode("5" + Self.poison + "end.mp4"), as: UTF8.self)
            try luke.send("P2P yoda OFFER bad1 :{\"name\":\(name),\"size\":1}\r\n")
            try luke.send("P2P yoda CANCEL bad1 :\(Self.poison)\r\nP2P yoda DECLINE bad1 :\(Self.poison)\r\n")
            try await yoda.output.expect("failed at luke: ")
            try yoda.type("/msgto luke hi\r/history #jedi\r/transfers\r/activeuser\r")
            try await yoda.output.expect("luke is away: 2")
            try await yoda.output.expect("luke, active since")
            let shown = yoda.output.text
            for number in 1...5 { #expect(shown.contains("\(number)live"), "\(number)") }
            for scalar in Self.forbidden { #expect(!shown.unicodeScalars.contains(scalar), "U+\(String(scalar.value, radix: 16))") }
            for sequence in ["\u{1B}]0", "\u{1B}[2J", "\u{1B}[31m"] { #expect(!shown.contains(sequence)) }
            // Stacked and joined characters are bounded.
            #expect(!shown.unicodeScalars.split { $0 != "\u{301}" && $0 != "\u{200D}" }.contains { $0.count > 8 })
        }

        @Test func programsGetItEscaped() async throws {
            let chat = try await ChatFixture()
            let reader = try chat.script(as: "yoda", "--json", "--count", "1")
            try reader.type("/activeuser\n")
            try await reader.output.expect("NO_OTHER_ACTIVE")
            let luke = try await chat.server.ircSession("luke")
            try luke.send("PRIVMSG yoda :\(Self.poison)\r\n")
            try reader.closeInput()
            #expect(try await reader.exitStatus() == 0)
            let text = reader.output.text
            for scalar in Self.forbidden + ["\u{1B}"] {
                #expect(!text.unicodeScalars.contains(scalar), "U+\(String(scalar.value, radix: 16))")
            }
            // In JSON nothing is lost.
            let line = try #require(text.split(separator: "\n").last { $0.contains("\"event\":\"message\"") })
            let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(event["text"] as? String == Self.poison)
        }
    }
}
