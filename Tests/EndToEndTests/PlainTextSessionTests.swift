import Testing

extension ServiceTests {
    /// The service through a bare socket: the bytes that `nc` shows, and the output of the server.
    @Suite("Plain text sessions")
    struct PlainTextSessionTests {
        private let prompt =
            "Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):\n"

        @Test func wrongNamesAndPasswordsAndTheBlock() async throws {
            let server = try await ChattyServer(accounts: ["e": "right", "ethan": "hunt"], options: ["--block-seconds", "86400"])
            let client = try SocketClient(port: server.port)
            try await client.input.expect("Enter username: ")
            try client.send("nobody\n")
            try await client.input.expect("There is no user nobody.\nEnter username: ")
            for _ in 1...2 {
                try client.send("e\nwrong\n")
                try await client.input.expect("Enter password: Invalid credentials. Try again.\nEnter username: ")
            }
            try client.send("e\nwrong\n")
            try await client.input.expect(
                """
                Enter password: Invalid credentials. Try again.
                You are blocked due to multiple failed login attempts. Try again 86400 seconds later.
                Enter username: 
                """)
            // Even the right password is refused, on any connection; another name works on the same connection.
            let other = try SocketClient(port: server.port)
            try await other.input.expect("Enter username: ")
            for connection in [client, other] {
                try connection.send("e\nright\n")
                try await connection.input.expect("Enter password: You are blocked. Please try again later.\nEnter username: ")
            }
            try client.send("ethan\nhunt\n")
            try await client.input.expect("Enter password: Welcome! ethan\n" + prompt)

            // The block survives the server, however it ends.
            server.process.kill()
            _ = try await server.process.exitStatus()
            let again = try await ChattyServer(accounts: server.accounts, options: ["--block-seconds", "86400"], data: server.data)
            let third = try SocketClient(port: again.port)
            try await third.input.expect("Enter username: ")
            try third.send("e\nright\n")
            try await third.input.expect("Enter password: You are blocked. Please try again later.\nEnter username: ")
        }

        @Test func aBlockEnds() async throws {
            let server = try await ChattyServer(
                accounts: ["e": "right"], options: ["--max-attempts", "1", "--block-seconds", "1", "--message-rate", "0"])
            let client = try SocketClient(port: server.port)
            try await client.input.expect("Enter username: ")
            try client.send("e\nwrong\n")
            try await client.input.expect("Try again 1 second later.\nEnter username: ")
            // The log-in is repeated until it succeeds: the duration of an attempt depends on the machine.
            let deadline = ContinuousClock.now + ExpectStream.patience
            repeat {
                try client.send("e\nright\n")
                let answer = try await client.input.expect(#/Enter password: (.*)\n/#).1
                if answer == "Welcome! e" { return }
                #expect(answer == "You are blocked. Please try again later.")
                try await client.input.expect("Enter username: ")
            } while ContinuousClock.now < deadline
            Issue.record("still blocked")
        }

        @Test func messagesGroupsAndTheServersTerminal() async throws {
            let server = try await ChattyServer()
            let yoda = try await server.plainSession("yoda")
            try yoda.send("/activeuser\n")
            try await yoda.input.expect("No other active user.\n")
            let hans = try await server.plainSession("hans")
            try yoda.send("/activeuser\n")
            try await yoda.input.expect(#/hans, active since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n/#)

            try yoda.send("/msgto hans do  or   do not\n")
            let time = try await yoda.input.expect(#/Message to hans sent at (\S+)\.\n/#).1
            try await hans.input.expect("\(time) yoda: do  or   do not\n")

            try yoda.send("/creategroup jedi hans\n/joingroup sith\n")
            try await yoda.input.expect("The group chat jedi has been created for ")
            try await yoda.input.expect("There is no group chat sith.\n")
            try hans.send("/groupmsg jedi too early\n/joingroup jedi\n")
            try await hans.input.expect("You are not in the group chat jedi.\n")
            try await hans.input.expect("You joined the group chat jedi.\n")
            try await yoda.input.expect("hans joined the group chat jedi.\n")
            try hans.send("/groupmsg jedi never tell me the odds\n")
            let sent = try await hans.input.expect(#/Message to the group chat jedi sent at (\S+)\.\n/#).1
            try await yoda.input.expect("\(sent) #jedi hans: never tell me the odds\n")

            let luke = try await server.plainSession("luke")
            try luke.send("/joingroup jedi\n/creategroup jedi\n")
            try await luke.input.expect("You were not invited to the group chat jedi.\nThe group chat jedi already exists.\n")

            try hans.send("/logout\n")
            try await hans.input.expect("Bye, hans!\n")
            try await hans.input.end()

            let terminal = server.process.output
            try await terminal.expect("Received command: /msgto from user: yoda.\n")
            try await terminal.expect("User: yoda successfully created the group chat: jedi.\n")
            try await terminal.expect("User: yoda failed to join the group chat: sith: there is no such group chat.\n")
            try await terminal.expect("Received command: /logout from user: hans.\n")
            #expect(!terminal.text.contains("do  or") && !terminal.text.contains("odds"))
            #expect(try await server.stop() == 0)
        }

        @Test func aMessageToWhoIsAwayOutlivesTheServer() async throws {
            let server = try await ChattyServer()
            let yoda = try await server.plainSession("yoda")
            try yoda.send("/msgto hans patience\n")
            try await yoda.input.expect("hans is not active. The message will be delivered at the next login.\n")
            server.process.kill()
            #expect(try await server.process.exitStatus() == 137)
            let again = try await ChattyServer(accounts: server.accounts, data: server.data)
            let hans = try await again.plainSession("hans")
            try await hans.input.expect(#/\S+ yoda: patience\n/#)
            // The message arrives once: the next log-in has none.
            try hans.send("/logout\n")
            try await hans.input.end()
            let next = try await again.plainSession("hans")
            try next.send("/logout\n")
            #expect(try await next.input.end().contains("patience") == false)
        }

        @Test func withoutOfflineMessagesWhoIsAwayIsRefused() async throws {
            let server = try await ChattyServer(options: ["--no-offline-messages"])
            let yoda = try await server.plainSession("yoda")
            try yoda.send("/msgto hans hello\n")
            try await yoda.input.expect("hans is not active.\n")
        }

        @Test func concealedNamesAreAskedForTheirPassword() async throws {
            let server = try await ChattyServer(options: ["--conceal-usernames"])
            let client = try SocketClient(port: server.port)
            try await client.input.expect("Enter username: ")
            try client.send("nobody\n")
            try await client.input.expect("Enter password: ")
            try client.send("x\n")
            try await client.input.expect("Invalid credentials. Try again.\nEnter username: ")
        }

        @Test func whatIsWrongIsSaid() async throws {
            let server = try await ChattyServer()
            let yoda = try await server.plainSession("yoda")
            for (line, answer) in [
                ("/msgto", "Usage: /msgto USERNAME MESSAGE"), ("/msgto hans", "Usage: /msgto USERNAME MESSAGE"),
                ("/activeuser x", "Usage: /activeuser"), ("/creategroup", "Usage: /creategroup GROUPNAME [USERNAME ...]"),
                ("/joingroup", "Usage: /joingroup GROUPNAME"), ("/joingroup a b", "Usage: /joingroup GROUPNAME"),
                ("/groupmsg jedi", "Usage: /groupmsg GROUPNAME MESSAGE"), ("/logout now", "Usage: /logout"),
                ("/msg hans hello", "Unknown command: /msg. Try /help."),
                ("hello", "That is not a command. Commands begin with a slash: try /help."),
                ("/msgto hans2 hello", "There is no user hans2."),
                ("/p2pvideo hans movie.mp4", "Only chatty connect can send and receive files."),
            ] {
                try yoda.send(line + "\n")
                try await yoda.input.expect(answer + "\n")
            }
        }

        @Test func oneByteAtATime() async throws {
            let server = try await ChattyServer(accounts: ["yoda": "jedi*knight"])
            let client = try SocketClient(port: server.port)
            try await client.input.expect("Enter username: ")
            for byte in Array("yoda\r\njedi*knight\r\n/activeuser\r\n".utf8) { try client.send(bytes: [byte]) }
            try await client.input.expect("Enter password: Welcome! yoda\n" + prompt + "No other active user.\n")
        }

        @Test func aHalfClosedSocketStillGetsItsAnswers() async throws {
            let server = try await ChattyServer(accounts: ["yoda": "jedi*knight"])
            let client = try SocketClient(port: server.port)
            try await client.input.expect("Enter username: ")
            try client.send("yoda\njedi*knight\n/activeuser\n")
            client.endSending()
            #expect(try await client.input.end().hasSuffix("No other active user.\n"))
        }

        @Test func tooLongAndNotUTF8AreRefusedAndNothingElseSuffers() async throws {
            let server = try await ChattyServer()
            let yoda = try await server.plainSession("yoda")
            let hans = try await server.plainSession("hans")
            try yoda.send("/msgto hans \(String(repeating: "x", count: 4097))\n")
            try await yoda.input.expect("The message is longer than 4096 bytes. It was not sent.\n")
            try yoda.send("/msgto hans \(String(repeating: "x", count: 100_000))\n")
            try await yoda.input.expect("bytes. It was not read.\n")
            try yoda.send(bytes: Array("/msgto hans ".utf8) + [0xff, 0xfe, 10])
            try await yoda.input.expect("The line is not UTF-8 text. It was not read.\n")
            try yoda.send("/msgto hans \u{1b}[2Jfine\n")
            try await yoda.input.expect("Message to hans sent at ")
            let line = try await hans.input.expect(#/\S+ yoda: (.*)\n/#).1
            #expect(!line.contains("\u{1b}") && line.hasSuffix("fine"))
        }
    }
}
