import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// `chatty connect` as a person at a terminal sees it, with the built server.
    @Suite("chatty connect on a terminal")
    struct ConnectTerminalTests {
        @Test func theSessionEverybodyKnowsToTheLetter() async throws {
            let chat = try await ChatFixture()
            let port = try FreePort.udp()
            let client = try chat.terminal("\(port)")
            for _ in 1...4 {
                try await client.output.expect("Enter username: ")
                try client.type("e\r")
                try await client.output.expect("Enter password: ")
                try client.type("wrong\r")
            }
            try await chat.logIn(client, as: "ethan")
            let screen = try await client.expectScreen(columns: 140) { $0.cursorLine == "ethan>" }
            #expect(
                screen.transcript
                    == """
                    Connected to the server.
                    UDP server listening on port \(port)
                    Enter username: e
                    Enter password:
                    Invalid credentials. Try again.
                    Enter username: e
                    Enter password:
                    Invalid credentials. Try again.
                    Enter username: e
                    Enter password:
                    Invalid credentials. Try again.
                    You are blocked due to multiple failed login attempts. Try again 10 seconds later.
                    Enter username: e
                    Enter password:
                    You are blocked. Please try again later.
                    Enter username: ethan
                    Enter password:
                    Welcome! ethan
                    Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):
                    ethan>
                    """.split(separator: "\n").map(String.init))
            try client.type("/logout\r")
            try await client.output.expect("Bye, ethan!")
            #expect(try await client.exitStatus() == 0)
        }

        /// With the account's name on the command line only the password is asked for, however often it is wrong.
        @Test func withANameThePasswordAloneIsAskedForAgain() async throws {
            let chat = try await ChatFixture(accounts: ["yoda"])
            let client = try chat.terminal("-u", "yoda")
            for _ in 1...2 {
                try await client.output.expect("Enter password: ")
                try client.type("wrong\r")
                try await client.output.expect("Invalid credentials. Try again.")
            }
            try await client.output.expect("Enter password: ")
            try client.type(ChatFixture.password(of: "yoda") + "\r")
            try await client.output.expect("Welcome! yoda")
            #expect(!client.output.text.contains("Enter username"))
        }

        @Test func theMessageOfTheDayStandsBelowTheWelcome() async throws {
            let folder = try TemporaryFolder()
            try "Be kind.\n\nThe hosts\n".write(toFile: folder["motd"], atomically: false, encoding: .utf8)
            let chat = try await ChatFixture(accounts: ["yoda"], "--motd", folder["motd"])
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            try await client.output.expect("The hosts")
            let screen = try await client.expectScreen(columns: 140) { $0.cursorLine == "yoda>" }
            let welcome = try #require(screen.transcript.firstIndex(of: "Welcome! yoda"))
            #expect(screen.transcript[welcome...].dropFirst(2) == ["Be kind.", "", "The hosts", "yoda>"])
        }

        @Test func aMessageThatComesInLeavesTheTypedLineAlone() async throws {
            let chat = try await ChatFixture()
            let luke = try chat.terminal(columns: 60)
            try await chat.logIn(luke, as: "luke")
            try luke.type("/msgto yoda half a s\u{fc}\u{6f22}ntence")
            // The cursor moves four characters back, into the line.
            try luke.type("\u{1b}[D\u{1b}[D\u{1b}[D\u{1b}[D")
            try await luke.output.expect("ntence")
            let sender = try chat.script(
                as: "yoda", "-c", "/msgto luke a message that is a good deal longer than one line of that narrow terminal")
            #expect(try await sender.exitStatus() == 0)
            let typed = "luke> /msgto yoda half a s\u{fc}\u{6f22}ntence"
            let screen = try await luke.expectScreen(columns: 60) { screen in
                screen.cursorLine == typed && screen.lines.contains { $0.contains("terminal") }
            }
            #expect(screen.lines.count { $0.contains("half a s") } == 1)
            // The wide character takes two columns.
            #expect(screen.column == typed.count + 1 - 4)
            try luke.type("XY\r")
            try await luke.output.expect("Message to yoda sent at ")
            #expect(luke.screen(columns: 60).transcript.contains("luke> /msgto yoda half a s\u{fc}\u{6f22}ntXYence"))
            let reader = try chat.script(as: "yoda", "--count", "1", "-c", "/activeuser")
            try await reader.output.expect("luke: half a s\u{fc}\u{6f22}ntXYence")
        }

        @Test func tabCompletesCommandsNamesAndFiles() async throws {
            let chat = try await ChatFixture()
            let files = try TemporaryFolder()
            for name in ["my video.mp4", "my music.ogg"] {
                try files.write("", to: name)
            }
            try FileManager.default.createDirectory(atPath: files.path + "/folder", withIntermediateDirectories: false)
            let hans = try chat.script(as: "hans", "-c", "/creategroup jedi", "-c", "/msgto yoda hi")
            #expect(try await hans.exitStatus() == 0)
            let client = try chat.terminal(directory: files.path)
            try await chat.logIn(client, as: "yoda")
            try await client.output.expect("hans: hi")
            func completes(_ typed: String, to line: String) async throws {
                try client.type("\u{15}" + typed + "\t")
                try await client.expectScreen(columns: 140) { $0.cursorLine == line }
            }
            try await completes("/msg", to: "yoda> /msgto")
            try await completes("/msgto HA", to: "yoda> /msgto hans")
            try await completes("/help joi", to: "yoda> /help joingroup")
            try await completes("/p2pvideo hans fo", to: "yoda> /p2pvideo hans folder/")
            try await completes("/p2pvideo hans m", to: "yoda> /p2pvideo hans my\\")
            try await completes("/p2pvideo hans my\\ v", to: "yoda> /p2pvideo hans my\\ video.mp4")
            try await completes("ha", to: "yoda> hans")
            // With several candidates the second Tab lists them, and the line stays.
            try client.type("\u{15}/p2pvideo hans my\\ \t\t")
            try await client.expectScreen(columns: 140) {
                $0.lines.contains { $0.contains("music.ogg") && $0.contains("video.mp4") } && $0.cursorLine == "yoda> /p2pvideo hans my\\"
            }
            // Folders have one slash each, also where a name is not as it was typed.
            for name in ["dl", "dl2", "dl 3"] {
                try FileManager.default.createDirectory(atPath: files.path + "/folder/" + name, withIntermediateDirectories: false)
            }
            try client.type("\u{15}/p2pvideo hans folder/dl\t\t")
            try await client.expectScreen(columns: 140) {
                $0.lines.contains { $0.split(separator: " ").elementsEqual(["dl\\", "3/", "dl/", "dl2/"]) }
            }
            try client.type("\u{15}/leave\tj\u{3}")
            try await client.output.expect("^C")
        }

        @Test func theHistoryIsKeptForTheAccountAndHoldsNoPassword() async throws {
            let chat = try await ChatFixture()
            let home = try TemporaryFolder()
            let state = home.path + "/state"
            let first = try chat.terminal(home: home, environment: ["XDG_STATE_HOME": state])
            try await chat.logIn(first, as: "yoda")
            try first.type("/msgto hans remember this\r")
            try await first.output.expect("sent at")
            // Ctrl-D has the effect of /logout.
            try first.type("\u{4}")
            try await first.output.expect("Bye, yoda!")
            #expect(try await first.exitStatus() == 0)
            let file = "\(state)/chatty/history/127.0.0.1:\(chat.port)/yoda"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "/msgto hans remember this\n")
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)

            let second = try chat.terminal(home: home, environment: ["XDG_STATE_HOME": state])
            try await chat.logIn(second, as: "yoda")
            try second.type("\u{1b}[A")
            try await second.expectScreen(columns: 140) { $0.cursorLine == "yoda> /msgto hans remember this" }
            try second.type("\u{1b}[A\u{1b}[A")
            // The history never contains the name or the password.
            #expect(!second.output.text.contains(ChatFixture.password(of: "yoda")))
            try second.type("\u{3}")
            try await second.output.expect("^C")
            try second.type("\u{3}")
            try await second.output.expect("Press Ctrl-C again to leave.")
            try second.type("\u{3}")
            #expect(try await second.exitStatus() == 130)
        }

        @Test func theTerminalIsLeftAsItWasFound() async throws {
            let chat = try await ChatFixture()
            let shell = try ChattyProcess(
                words: ["-c", "stty -a > before; \(Executable.chatty) connect 127.0.0.1 \(chat.port); stty -a > after; echo over"],
                on: .terminal(columns: 140), executable: "/bin/sh")
            try await chat.logIn(shell, as: "yoda")
            try shell.type("/logout\r")
            try await shell.output.expect("over")
            let before = try String(contentsOfFile: shell.home.path + "/before", encoding: .utf8)
            let after = try String(contentsOfFile: shell.home.path + "/after", encoding: .utf8)
            #expect(before == after && before.contains(" echo "))
        }

        @Test func theTerminalIsLeftAsItWasFoundWhenAQuitKeyEndsIt() async throws {
            let chat = try await ChatFixture()
            // The key also sends the signal to the shell, which survives it.
            let script = """
                ulimit -c 0; trap : QUIT; stty -a > before; \(Executable.chatty) connect 127.0.0.1 \(chat.port); echo "status $?"; stty -a > after
                """
            let shell = try ChattyProcess(words: ["-c", script], on: .terminal(columns: 140), executable: "/bin/sh")
            try await chat.logIn(shell, as: "yoda")
            try shell.type("\u{1c}")
            try await shell.output.expect("status 131")
            #expect(try await shell.exitStatus() == 0)
            let before = try String(contentsOfFile: shell.home.path + "/before", encoding: .utf8)
            let after = try String(contentsOfFile: shell.home.path + "/after", encoding: .utf8)
            #expect(before == after && before.contains(" echo "))
        }

        @Test func aNarrowWindowThatChangesWhileOneTypes() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal(columns: 40)
            try await chat.logIn(client, as: "yoda")
            try client.type("/msgto hans one two three four five six seven")
            try await client.output.expect("seven")
            try client.resize(columns: 100, rows: 24)
            try client.type(" eight\r")
            try await client.output.expect("sent at")
            let hans = try chat.script(as: "hans", "--count", "1", "-c", "/activeuser")
            try await hans.output.expect("yoda: one two three four five six seven eight")
        }

        @Test func aPasteOfManyLinesIsAskedAbout() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            try client.type("/talk hans\r")
            try await client.output.expect("hans> ")
            try client.type("\u{1b}[200~/away first\r    // second\u{1b}[201~\r")
            try await client.output.expect("Send these 2 lines to hans? (yes/no) ")
            try client.type("yes\r")
            let hans = try chat.script(as: "hans", "--count", "2", "-c", "/activeuser")
            try await hans.output.expect("yoda: /away first")
            try await hans.output.expect("yoda:     // second")
        }

        @Test func aServerThatIsKilledIsFoundAgainAndNothingIsLost() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            try client.type("/msgto hans before\r")
            try await client.output.expect("sent at")
            chat.server.process.kill()
            _ = try await chat.server.process.exitStatus()
            try await client.output.expect("The connection is lost. Connecting again ...")
            try client.type("/msgto hans meanwhile\r/msgto hans stays")
            let again = try await chat.restarted()
            try await client.output.expect("Connected again.")
            try await client.output.expect("Message to hans sent at")
            try await client.expectScreen(columns: 140) { $0.cursorLine.hasSuffix("> /msgto hans stays") }
            let hans = try again.script(as: "hans", "--count", "2", "-c", "/activeuser")
            try await hans.output.expect("yoda: before")
            try await hans.output.expect("yoda: meanwhile")
            #expect(try await hans.exitStatus() == 0)
        }
    }
}
