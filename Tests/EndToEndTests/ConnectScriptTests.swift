import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// `chatty connect` in scripts: streams, exit statuses, keys.
    @Suite("chatty connect in scripts")
    struct ConnectScriptTests {
        @Test func commandsFromTheCommandLine() async throws {
            let chat = try await ChatFixture()
            let client = try chat.script(as: "yoda", "-c", "/creategroup jedi", "-c", "/groupmsg jedi hello", "-c", "/activeuser")
            #expect(try await client.exitStatus() == 0)
            let lines = try await client.output.end().split(separator: "\n").map(String.init)
            #expect(lines.count == 3)
            #expect(lines.first == "The group chat jedi has been created. Everybody can join it.")
            #expect(lines[1].wholeMatch(of: /Message to the group chat jedi sent at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\./) != nil)
            #expect(lines.last == "No other active user.")
            #expect(client.diagnostics.text == "")
        }

        @Test func theWholeConversationOnPipes() async throws {
            let chat = try await ChatFixture()
            let client = try ChattyProcess("connect", "127.0.0.1", chat.port)
            try client.type("nobody\nyoda\nwrong\nyoda\n\(ChatFixture.password(of: "yoda"))\n/activeuser\n/logout\n")
            #expect(try await client.exitStatus() == 0)
            let text = try await client.output.end()
            let port = try #require(text.firstMatch(of: /listening on port (\d+)/)).1
            #expect(
                text == """
                    Connected to the server.
                    UDP server listening on port \(port)
                    Enter username: There is no user nobody.
                    Enter username: Enter password: Invalid credentials. Try again.
                    Enter username: Enter password: Welcome! yoda
                    Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):
                    No other active user.
                    Bye, yoda!

                    """)
        }

        @Test func statusesSayWhatWentWrong() async throws {
            let chat = try await ChatFixture("--no-offline-messages")
            let absent = try chat.script(as: "yoda", "-c", "/msgto hans hi", "-c", "/activeuser")
            #expect(try await absent.exitStatus() == 6)
            #expect(absent.output.text.hasPrefix("hans is not active.\n"))
            let stranger = try chat.script(as: "nobody", password: "x", "-c", "/activeuser")
            #expect(try await stranger.exitStatus() == 4)
            #expect(stranger.diagnostics.text == "chatty: There is no user nobody.\n")
            for attempt in 1...4 {
                let wrong = try chat.script(as: "luke", password: "wrong", "-c", "/activeuser")
                #expect(try await wrong.exitStatus() == (attempt < 3 ? 4 : 5))
                #expect(wrong.output.text == "")
            }
            let unreachable = try ChattyProcess(
                "connect", "127.0.0.1", "1", "-u", "yoda", "-c", "/activeuser", environment: ["CHATTY_PASSWORD": "x"])
            #expect(try await unreachable.exitStatus() == 3)
            #expect(unreachable.diagnostics.text == "chatty: 127.0.0.1:1: Connection refused.\n")
            let malformed = try chat.script(as: "yoda", "-c", "/nonsense")
            #expect(try await malformed.exitStatus() == 2)
            let nameless = try ChattyProcess("connect", "127.0.0.1", chat.port, "-c", "/activeuser")
            #expect(try await nameless.exitStatus() == 2)
            // A command is never taken for the password.
            let secretless = try ChattyProcess("connect", "127.0.0.1", chat.port, "-u", "yoda", "-c", ChatFixture.password(of: "yoda"))
            #expect(try await secretless.exitStatus() == 2)
        }

        @Test func aChangedKeyIsRefusedUntilItIsForgotten() async throws {
            let chat = try await ChatFixture()
            let home = try TemporaryFolder()
            let first = try chat.script(as: "yoda", home: home, "-c", "/activeuser")
            #expect(try await first.exitStatus() == 0)
            let known = home.path + "/.local/share/chatty/known_hosts"
            let line = try String(contentsOfFile: known, encoding: .utf8)
            let changed = line.prefix { $0 != " " } + " SHA256:" + Array(repeating: "AB", count: 32).joined(separator: ":") + "\n"
            try changed.write(toFile: known, atomically: false, encoding: .utf8)
            let second = try chat.script(as: "yoda", home: home, "-c", "/activeuser")
            #expect(try await second.exitStatus() == 4)
            let said = second.diagnostics.text
            #expect(said.contains("THE KEY OF 127.0.0.1:\(chat.port) HAS CHANGED."))
            #expect(said.contains("AB:AB:AB") && said.contains("chatty connect --forget 127.0.0.1 \(chat.port)"))
            let forget = try ChattyProcess("connect", "--forget", "127.0.0.1", chat.port, home: home)
            #expect(try await forget.exitStatus() == 0)
            let third = try chat.script(as: "yoda", home: home, "-c", "/activeuser")
            #expect(try await third.exitStatus() == 0)
            #expect(try String(contentsOfFile: known, encoding: .utf8) == line)
        }

        @Test func theFingerprintThatTheServerPrintsIsTaken() async throws {
            let chat = try await ChatFixture()
            let printed = String(try #require(chat.server.process.diagnostics.text.firstMatch(of: /SHA256:[0-9A-F:]+/)).0)
            let right = try chat.script(as: "yoda", "--fingerprint", printed, "-c", "/activeuser")
            #expect(try await right.exitStatus() == 0)
            let other = printed.hasSuffix("0") ? printed.dropLast() + "1" : printed.dropLast() + "0"
            let wrong = try chat.script(as: "yoda", "--fingerprint", String(other), "-c", "/activeuser")
            #expect(try await wrong.exitStatus() == 4)
        }

        @Test func listeningPrintsWhatArrives() async throws {
            let chat = try await ChatFixture()
            let listener = try chat.script(as: "hans", "--listen", "--json", "-c", "/joingroup nowhere")
            try await listener.output.expect(#""code":"NO_SUCH_GROUP""#)
            let sender = try chat.script(as: "yoda", "-c", "/msgto hans \"quoted\"")
            #expect(try await sender.exitStatus() == 0)
            try await listener.output.expect(
                /\{"event":"message","time":"[^"]+","id":"[0-9A-Z]{13}","from":"yoda","text":"\\"quoted\\""\}\n/)
            listener.signal(SIGTERM)
            #expect(try await listener.exitStatus() == 143)
        }

        @Test func theMessageOfTheDayIsAnEventForProgramsAndNothingElse() async throws {
            let folder = try TemporaryFolder()
            try "Be kind.\nThe hosts\n".write(toFile: folder["motd"], atomically: false, encoding: .utf8)
            let chat = try await ChatFixture(accounts: ["yoda"], "--motd", folder["motd"])
            let program = try chat.script(as: "yoda", "--json", "-c", "/activeuser")
            #expect(try await program.exitStatus() == 0)
            #expect(program.output.text.hasPrefix(#"{"event":"motd","text":"Be kind.\nThe hosts"}"# + "\n"))
            let script = try chat.script(as: "yoda", "-c", "/activeuser")
            #expect(try await script.exitStatus() == 0)
            #expect(script.output.text == "No other active user.\n" && script.diagnostics.text == "")
        }

        @Test func nobodyReadingIsSilent() async throws {
            let chat = try await ChatFixture()
            let shell = try ChattyProcess(
                words: [
                    "-c",
                    "CHATTY_PASSWORD=\(ChatFixture.password(of: "yoda")) \(Executable.chatty) connect 127.0.0.1 \(chat.port) -u yoda | true",
                ], executable: "/bin/sh")
            try shell.type("/help\n/help\n/help\n")
            try shell.closeInput()
            #expect(try await shell.exitStatus() == 0)
            #expect(shell.diagnostics.text == "")
        }

        @Test func aFullDiskIsSaid() async throws {
            let chat = try await ChatFixture()
            let shell = try ChattyProcess(
                words: ["-c", "'\(Executable.chatty)' connect 127.0.0.1 \(chat.port) -u yoda -c /activeuser >/dev/full"],
                environment: ["CHATTY_PASSWORD": ChatFixture.password(of: "yoda")], executable: "/bin/sh")
            #expect(try await shell.exitStatus() == 1)
            #expect(try await shell.diagnostics.end() == "chatty: Cannot write: No space left on device.\n")
        }

        @Test func aPlaceForTheKeysOfServersThatCannotBeWrittenIsAFailure() async throws {
            let chat = try await ChatFixture()
            let client = try chat.script(as: "yoda", "--data", "/proc/nowhere", "-c", "/activeuser")
            #expect(try await client.exitStatus() == 1)
            #expect(client.diagnostics.text.hasPrefix("chatty: Cannot write /proc/nowhere/known_hosts: "))
        }

        @Test(.ipv6) func anAddressMayStandInBrackets() async throws {
            let chat = try await ChatFixture()
            for host in ["::1", "[::1]"] {
                let client = try ChattyProcess(
                    "connect", host, chat.port, "-u", "yoda", "-c", "/activeuser",
                    environment: ["CHATTY_PASSWORD": ChatFixture.password(of: "yoda")])
                #expect(try await client.exitStatus() == 0)
            }
        }

        @Test func aTranscriptIsKept() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            let client = try chat.script(as: "yoda", "--log", folder.path + "/log", "-c", "/activeuser")
            #expect(try await client.exitStatus() == 0)
            let log = try String(contentsOfFile: folder.path + "/log", encoding: .utf8)
            #expect(
                log.wholeMatch(of: #/--- \d{4}-\d\d-\d\dT[0-9:]{8}Z, 127\.0\.0\.1:\d+ ---\n> /activeuser\nNo other active user\.\n/#) != nil
            )
            #expect(try FileManager.default.attributesOfItem(atPath: folder.path + "/log")[.posixPermissions] as? Int == 0o600)
        }
    }
}
