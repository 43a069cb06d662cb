import Foundation
import Testing

extension ServiceTests {
    /// The service as an IRC client sees it, on a bare socket.
    @Suite("IRC sessions")
    struct IRCSessionTests {
        @Test func saslLogInAndAKeptMessage() async throws {
            let server = try await ChattyServer(accounts: ["yoda": "jedi", "hans": "solo"])
            let client = try SocketClient(port: server.port)
            try client.send("CAP LS 302\r\nNICK yoda\r\nUSER yoda 0 * :yoda\r\n")
            try await client.input.expect(#/:chatty CAP \* LS :.*sasl=PLAIN.*\r\n/#)
            try client.send("CAP REQ :sasl server-time message-tags echo-message standard-replies\r\nAUTHENTICATE PLAIN\r\n")
            try await client.input.expect("AUTHENTICATE +\r\n")
            // The base64 of NUL yoda NUL wrong, then of NUL yoda NUL jedi.
            try client.send("AUTHENTICATE AHlvZGEAd3Jvbmc=\r\n")
            try await client.input.expect("FAIL AUTHENTICATE INVALID_CREDENTIALS :Invalid credentials. Try again.\r\n")
            try await client.input.expect(" 904 ")
            try client.send("AUTHENTICATE PLAIN\r\nAUTHENTICATE AHlvZGEAamVkaQ==\r\nCAP END\r\n")
            try await client.input.expect(" 903 ")
            try await client.input.expect(":chatty 001 yoda :Welcome! yoda\r\n")
            try client.send("PRIVMSG hans :hello  there\r\n")
            try await client.input.expect(#/@[^ ]*time=\S*Z\S* :yoda!yoda@chatty PRIVMSG hans :hello  there\r\n/#)
            try await client.input.expect(
                "NOTE PRIVMSG KEPT hans :hans is not active. The message will be delivered at the next login.\r\n")
        }

        /// Pidgin and others first do a name look-up, and send their first line after the server has taken them for a plain-text client.
        @Test func aClientThatComesLateLogsInAndNothingOfItsPasswordIsSeen() async throws {
            let server = try await ChattyServer(accounts: ["yoda": "pw:le:ia", "hans": "solo"])
            let client = try SocketClient(port: server.port)
            try await client.input.expect("Enter username: ")
            try client.send("PASS pw:le:ia\r\nNICK yoda\r\nUSER yoda 0 * :yoda\r\n")
            try await client.input.expect("\r\n:chatty 001 yoda :Welcome! yoda\r\n")
            try client.send("QUIT\r\n")
            try await client.input.expect("ERROR ")
            let wrong = try SocketClient(port: server.port)
            try await wrong.input.expect("Enter username: ")
            try wrong.send("pass pw:le\r\nnick yoda\r\nuser yoda 0 * :yoda\r\n")
            let refusal = try await wrong.input.expect(#/\r\n(.*)ERROR /#.dotMatchesNewlines()).1
            #expect(!refusal.contains("pw") && !refusal.contains("le\r"))
            #expect(try await server.stop() == 0)
            let lines = server.process.output.text
            #expect(!lines.contains("pw:") && !lines.contains("User: pw") && !lines.contains(":le"), "\(lines)")
            #expect(lines.contains("User: yoda failed to log in: invalid credentials (from 127.0.0.1).\n"), "\(lines)")
        }

        @Test func ircAndPlainTextShareOneChat() async throws {
            let server = try await ChattyServer()
            let yoda = try await server.ircSession("yoda")
            let hans = try await server.plainSession("hans")
            try yoda.send("PRIVMSG hans :from irc\r\nJOIN #jedi\r\n")
            try await hans.input.expect(#/yoda: from irc\n/#)
            try await yoda.input.expect(":yoda!yoda@chatty JOIN #jedi\r\n")
            try hans.send("/joingroup jedi\n/groupmsg jedi from a socket\n/msgto yoda and directly\n")
            try await yoda.input.expect(":hans!hans@chatty JOIN #jedi\r\n")
            try await yoda.input.expect(":hans!hans@chatty PRIVMSG #jedi :from a socket\r\n")
            try await yoda.input.expect(":hans!hans@chatty PRIVMSG yoda :and directly\r\n")
            try yoda.send("QUIT :bye\r\n")
            try await yoda.input.expect("ERROR ")
            try await yoda.input.end()
        }

        @Test func severalSessionsOfOneAccountSeeEverything() async throws {
            let server = try await ChattyServer()
            let phone = try await server.ircSession("yoda")
            let laptop = try await server.plainSession("yoda")
            let hans = try await server.plainSession("hans")
            try hans.send("/activeuser\n")
            try await hans.input.expect("yoda, active since ")
            try hans.send("/msgto yoda everywhere\n")
            try await phone.input.expect("PRIVMSG yoda :everywhere\r\n")
            try await laptop.input.expect("hans: everywhere\n")
            try phone.send("PRIVMSG hans :from the phone\r\n")
            try await laptop.input.expect("yoda: from the phone\n")
            #expect(hans.input.text.components(separatedBy: "active since").count == 2)
        }

        @Test func errorsAreTheNumericsThatClientsKnow() async throws {
            let server = try await ChattyServer()
            let yoda = try await server.ircSession("yoda")
            for (line, numeric) in [
                ("NOSUCH x", "421"), ("PRIVMSG", "461"), ("PRIVMSG hans", "412"), ("PRIVMSG nobody :x", "401"),
                ("NAMES #a,#b,#c,#d,#e", "407"), ("NICK other", "447"), ("PRIVMSG #none :x", "403"),
            ] {
                try yoda.send(line + "\r\nPING :still\r\n")
                try await yoda.input.expect(" \(numeric) yoda ")
                try await yoda.input.expect("PONG chatty still\r\n")
            }
        }

        @Test func nobodyPassesRegistrationWithoutLogIn() async throws {
            let server = try await ChattyServer()
            let client = try SocketClient(port: server.port)
            try client.send("NICK yoda\r\nUSER yoda 0 * :yoda\r\n")
            let text = try await client.input.end()
            #expect(text.contains(" 464 ") && text.contains("ERROR") && !text.contains(" 001 "))
        }
    }
}
