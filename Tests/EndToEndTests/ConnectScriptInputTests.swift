import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// The input of scripts for `chatty connect`, and scripts whose input is incomplete or ends early.
    @Suite("chatty connect: a script's input")
    struct ConnectScriptInputTests {
        @Test func aFileIsThereBeforeTheGoodBye() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            let data = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            try data.write(to: URL(fileURLWithPath: folder["big"]))
            let receiver = try chat.script(
                as: "luke", directory: folder.path, "--accept", "always", "--download-dir", "in", "--listen", "-c", "/activeuser")
            try await receiver.output.expect("No other active user.")
            let sender = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke big", "-c", "/logout")
            #expect(try await sender.exitStatus() == 0)
            #expect(sender.output.text.contains("luke has big: ") && sender.output.text.hasSuffix("Bye, yoda!\n"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder["in/big"])) == data)
        }

        @Test func anOfferEndsWithTheOneWhoWasToTakeIt() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            try folder.write("x", to: "a")
            let luke = try chat.terminal()
            try await chat.logIn(luke, as: "luke")
            let sender = try chat.script(as: "yoda", directory: folder.path, "-c", "/p2pvideo luke a")
            try await luke.output.expect("/accept 1 or /decline 1")
            try luke.type("/logout\r")
            #expect(try await luke.exitStatus() == 0)
            #expect(try await sender.exitStatus() == 6)
            #expect(sender.diagnostics.text == "chatty: luke has left: a was not sent.\n")
        }

        @Test(arguments: ["", "yoda\n"]) func whoNeverLoggedInHasFailed(typed: String) async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try ChattyProcess("connect", "127.0.0.1", chat.port)
            try client.type(typed)
            try client.closeInput()
            #expect(try await client.exitStatus() == 1)
            #expect(client.diagnostics.text == "chatty: The input ended before the log-in.\n")
        }

        @Test func whatCannotBeACommandIsUsage() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            for command in ["/activeuser\n/logout", "/activeuser\r", "/passwd"] {
                let client = try chat.script(as: "yoda", "-c", command)
                #expect(try await client.exitStatus() == 2)
                #expect(client.output.text == "")
            }
        }

        @Test func aNewPasswordThatIsNotGivenIsAFailure() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try chat.script(as: "yoda")
            try client.type("/passwd\n\(ChatFixture.password(of: "yoda"))\nnew\n")
            try client.closeInput()
            #expect(try await client.exitStatus() == 1)
            #expect(client.diagnostics.text.contains("Nothing was changed."))
        }

        @Test func theTimeOfListeningKeepsTheStatus() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try chat.script(as: "yoda", "--listen=1", "-c", "/nonsense")
            #expect(try await client.exitStatus() == 2)
            #expect(client.output.text == "" && client.diagnostics.text == "chatty: Unknown command: /nonsense. Try /help.\n")
        }

        @Test func promptsAreNoEvents() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try ChattyProcess("connect", "127.0.0.1", chat.port, "--json")
            try client.type("yoda\n\(ChatFixture.password(of: "yoda"))\n/activeuser\n")
            try client.closeInput()
            #expect(try await client.exitStatus() == 0)
            let lines = client.output.text.split(separator: "\n")
            #expect(lines.count >= 4 && lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") }, "\(lines)")
        }

        @Test func thePortMayStandBehindTheHost() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let environment = ["CHATTY_PASSWORD": ChatFixture.password(of: "yoda")]
            let client = try ChattyProcess(
                "connect", "127.0.0.1:\(chat.port)", "-u", "yoda", "-c", "/activeuser", environment: environment)
            #expect(try await client.exitStatus() == 0)
            let twice = try ChattyProcess("connect", "127.0.0.1:1", "2", "-u", "yoda", "-c", "/activeuser", environment: environment)
            #expect(try await twice.exitStatus() == 2)
            #expect(twice.diagnostics.text.hasPrefix("chatty: connect: The port is given twice"))
        }

        @Test func aPasswordFromATerminalIsAskedForAndNotShown() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try chat.terminal("-u", "yoda", "--password-file", "-", "-c", "/activeuser")
            try await client.output.expect("Enter password: ")
            try client.type(ChatFixture.password(of: "yoda") + "\r")
            try await client.output.expect("No other active user.")
            #expect(try await client.exitStatus() == 0)
            #expect(!client.output.text.contains(ChatFixture.password(of: "yoda")))
        }

        @Test func whereTheOwnKeyCannotBeKeptItIsPassing() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let printed = String(try #require(chat.server.process.diagnostics.text.firstMatch(of: /SHA256:[0-9A-F:]+/)).0)
            let client = try chat.script(as: "yoda", "--data", "/proc/nowhere", "--fingerprint", printed, "-c", "/activeuser")
            #expect(try await client.exitStatus() == 0)
            #expect(client.output.text == "No other active user.\n")
            #expect(client.diagnostics.text.hasPrefix("chatty: The key for transfers is valid only until this program exits: cannot "))
        }

        @Test(arguments: [["connect", "127.0.0.1"], ["serve"], ["users"]]) func withoutAnyFolderThereIsOneAnswer(words: [String])
            async throws
        {
            let process = try ChattyProcess(words: words, environment: ["HOME": ""])
            try process.closeInput()
            #expect(try await process.exitStatus() == 2)
            #expect(
                process.diagnostics.text.hasPrefix(
                    "chatty: \(words[0]): There is no place for the data folder: give --data or set $HOME.\n"))
        }

        @Test func aServerThatHangsKeepsNobodyForLong() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            try await chat.server.process.stop()
            defer { chat.server.process.signal(SIGCONT) }
            let start = ContinuousClock.now
            try client.type("/quit\r")
            try await client.output.expect("chatty: The server did not confirm the log-out.", within: .seconds(60))
            #expect(try await client.exitStatus() == 1)
            // The limit is three seconds; the rest allows for a busy machine.
            #expect(start.duration(to: .now) < .seconds(60))
        }
    }
}
