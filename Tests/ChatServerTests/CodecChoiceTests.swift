import ChatProtocol
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatServer

@Suite struct CodecChoiceTests {
    @Test func aSilentClientGetsThePromptsByteByByte() async throws {
        try await RunningServer.use { server in
            let client = try await RawClient(port: server.port)
            #expect(try await client.expect("Enter username: ").isEmpty)
            for byte in "nobody\n".utf8 { try await client.send([byte]) }
            try await client.expect("There is no user nobody.\nEnter username: ")
            try await client.send("YODA\n")
            try await client.expect("Enter password: ")
            try await client.send("wrong\n")
            #expect(try await client.expect("Enter username: ") == "Invalid credentials. Try again.\n")
            try await client.send("yoda\npw-yoda\n")
            try await client.expect("Enter password: Welcome! yoda\n" + Texts.commandsPrompt + "\n")
            for byte in "/msgto  luke two  spaces\n".utf8 { try await client.send([byte]) }
            try await client.expect("Message to luke sent at ")
            try await client.expect("luke is not active. The message will be delivered at the next login.\n")
            try await client.send("/activeuser\n/groupmsg jedi hi\nhello\n/nonsense\n/logout\n")
            let rest = try await client.end()
            #expect(
                rest == """
                    No other active user.
                    There is no group chat jedi.
                    \(Texts.notACommand)
                    Unknown command: /nonsense. Try /help.
                    Bye, yoda!

                    """)
        }
    }

    @Test func thisLineIsOnTheServersTerminal() async throws {
        let running = try await RunningServer()
        let yoda = try await running.logIn("yoda")
        try await yoda.send("CREATEGROUP #jedi\r\nQUIT\r\n")
        _ = try await yoda.end()
        try await running.server.stop()
        #expect(running.events.all.contains("Received command: /creategroup from user: yoda.\n"))
        #expect(running.events.all.contains("User: yoda successfully created the group chat: jedi.\n"))
    }

    @Test(arguments: [false, true]) func anIRCClientLogsInAndTalksToASilentOne(tls: Bool) async throws {
        try await RunningServer.use { server in
            let silent = try await RawClient(port: server.port, tls: tls)
            try await silent.expect("Enter username: ")
            try await silent.send("luke\n")
            try await silent.expect("Enter password: ")
            try await silent.send("pw-luke\n")
            try await silent.expect(Texts.commandsPrompt)
            let irc = try await server.logIn("yoda", tls: !tls)
            try await irc.send("PRIVMSG luke :use the  force\r\n")
            let echo = try await irc.expect(" PRIVMSG luke :use the  force\r\n")
            #expect(echo.contains("msgid=") && echo.contains("time="))
            try await silent.expect(" yoda: use the  force\n")
            try await silent.send("/msgto yoda so be it\n")
            try await irc.expect(":luke!luke@chatty PRIVMSG yoda :so be it\r\n")
        }
    }

    /// An IRC client that first resolves names is taken for a silent one. Its first line corrects that.
    @Test(
        arguments: [false, true],
        ["PASS yoda:pw-yoda\r\nNICK yoda\r\nUSER y 0 * :Y\r\n", "CAP LS 302\r\nNICK yoda\r\nUSER y 0 * :Y\r\n"])
    func anIRCClientThatComesLateIsOne(tls: Bool, first: String) async throws {
        // Before the first byte of TLS the client must not count as silent.
        let silence = tls ? 3000 : 50
        try await RunningServer.use(RunningServer.Change { $0.adjust = { $0.silence = .milliseconds(Int64(silence)) } }) { server in
            let client = try await RawClient(port: server.port, tls: tls)
            #expect(try await client.expect("Enter username: ").isEmpty)
            // The first line comes byte by byte, and the rest of the log-in at once.
            for byte in first.utf8 { try await client.send([byte]) }
            if first.hasPrefix("CAP") {
                #expect(try await client.expect(" LS :").hasPrefix("\r\n:chatty CAP "))
                let logIn = "AUTHENTICATE PLAIN\r\nAUTHENTICATE AHlvZGEAcHcteW9kYQ==\r\n"
                try await client.send("CAP REQ :sasl message-tags\r\n" + logIn + "CAP END\r\n")
            } else {
                #expect(try await client.expect(":chatty 001 yoda :Welcome! yoda\r\n") == "\r\n")
            }
            try await client.expect(" 422 ")
            // Longer than a line of plain text may be.
            let (tag, text) = (String(repeating: "a", count: 4000), String(repeating: "x", count: 4096))
            try await client.send("@\(tag) PRIVMSG yoda :\(text)\r\nPING end\r\n")
            let heard = try await client.expect(":chatty PONG chatty end\r\n")
            #expect(!heard.contains("longer than"))
            try await eventually { server.events.all.contains("User: yoda successfully sent a direct message to: yoda.\n") }
        }
    }

    @Test(.ipv6) func bothFamiliesAreListenedOn() async throws {
        try await RunningServer.use { server in
            _ = try await server.logIn("yoda", host: "127.0.0.1")
            _ = try await server.logIn("luke", host: "::1")
        }
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1", true), ("::1", "::1", true), ("::ffff:127.9.0.1", "127.9.0.1", true),
        ("::ffff:192.0.2.1", "192.0.2.1", false), ("10.127.0.1", "10.127.0.1", false), ("127::1", "127::1", false),
        ("2001:db8::1", "2001:db8::1", false),
    ]) func addressesAreNamedAndJudged(numeric: String, text: String, isLoopback: Bool) {
        let address = PeerAddress(numeric: numeric)
        #expect(address.text == text)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::1%eth0"),
    ]) func aNetworkOfIPv6IsOnePeer(numeric: String, network: String) { #expect(PeerAddress(numeric: numeric).network == network) }

    @Test func aLockOutHoldsOverEveryCodecAndARestart() async throws {
        let temporary: TemporaryFolder
        do {
            let server = try await RunningServer { $0.rules.blockSeconds = 600 }
            temporary = server.temporary
            let irc = try await RawClient(port: server.port, first: "CAP REQ :sasl\r\nNICK yoda\r\nUSER yoda 0 * :y\r\n")
            for _ in 1...2 {
                try await irc.send("AUTHENTICATE PLAIN\r\n")
                try await irc.expect("AUTHENTICATE +")
                try await irc.send("AUTHENTICATE \(Data("\0yoda\0wrong".utf8).base64EncodedString())\r\n")
                try await irc.expect(" 904 ")
            }
            let silent = try await RawClient(port: server.port, tls: true)
            try await silent.expect("Enter username: ")
            try await silent.send("Yoda\nwrong\n")
            try await silent.expect(Reply.invalidCredentials.text + "\n" + Reply.nowBlocked(seconds: 600).text + "\nEnter username: ")
            try await silent.send("yoda\npw-yoda\n")
            try await silent.expect("Enter password: You are blocked. Please try again later.\nEnter username: ")
            try await silent.send("luke\npw-luke\n")
            try await silent.expect("Welcome! luke")
            try await server.server.stop()
        }
        try await RunningServer.use(in: temporary) { server in
            let client = try await RawClient(port: server.port)
            try await client.expect("Enter username: ")
            try await client.send("yoda\npw-yoda\n")
            try await client.expect("You are blocked. Please try again later.\n")
        }
    }
}
