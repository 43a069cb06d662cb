import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// `chatty connect` on several terminals, in several environments, and with signals.
    @Suite("chatty connect on other terminals")
    struct ConnectTerminalKindTests {
        @Test(arguments: [
            (["NO_COLOR": ""], true), (["NO_COLOR": "1"], false), (["NO_COLOR": "", "TERM": "dumb"], false),
        ])
        func coloursAreForTerminalsThatHaveThem(environment: [String: String], hasColours: Bool) async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal(environment: environment)
            try await chat.logIn(client, as: "yoda")
            let hans = try chat.script(as: "hans", "-c", "/msgto yoda look")
            #expect(try await hans.exitStatus() == 0)
            try await client.output.expect(": look")
            #expect(client.output.text.contains(/\x{1B}\[\d+mhans/) == hasColours)
            try client.type("/logout\r")
            #expect(try await client.exitStatus() == 0)
            // A dumb terminal gets no escape sequences.
            if environment["TERM"] == "dumb" { #expect(!client.output.text.contains("\u{1B}")) }
        }

        @Test func theSettingsOfReadlineApply() async throws {
            let chat = try await ChatFixture()
            let home = try TemporaryFolder()
            try home.write("$if chatty\n\"\\C-t\": \"/help joingroup\"\n$endif\n$if bash\n\"\\C-t\": \"bash\"\n$endif\n", to: ".inputrc")
            let client = try chat.terminal(home: home)
            try await chat.logIn(client, as: "yoda")
            try client.type("\u{14}\r")
            try await client.output.expect("Usage: /joingroup GROUPNAME")
        }

        @Test(arguments: ["C", "POSIX", "C.UTF-8"]) func anyLocaleTakesEveryCharacter(locale: String) async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal(environment: ["LC_ALL": locale])
            try await chat.logIn(client, as: "yoda")
            // The erase key removes one character, not one byte.
            try client.type("/msgto hans \u{fc}\u{6f22}x\u{e9}\u{7f}\u{7f}\r")
            try await client.output.expect("sent at")
            let hans = try chat.script(as: "hans", "--count", "1", "-c", "/activeuser")
            try await hans.output.expect("yoda: \u{fc}\u{6f22}\n")
        }

        @Test func stoppedFromOutsideItGoesOnWithWhatWasTyped() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            try client.type("/msgto hans half ")
            try await client.expectScreen(columns: 140) { $0.cursorLine == "yoda> /msgto hans half" }
            try await client.stop()
            let hans = try chat.script(as: "hans", "-c", "/msgto yoda meanwhile")
            #expect(try await hans.exitStatus() == 0)
            client.signal(SIGCONT)
            try await client.output.expect("hans: meanwhile")
            try await client.expectScreen(columns: 140) { $0.cursorLine == "yoda> /msgto hans half" }
            try client.type("and half\r")
            try await client.output.expect("sent at")
            let reader = try chat.script(as: "hans", "--count", "1", "-c", "/activeuser")
            try await reader.output.expect("yoda: half and half")
        }

        @Test func thePasswordIsAskedForAgainAfterAStop() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal()
            try await client.output.expect("Enter username: ")
            try client.type("yoda\r")
            try await client.output.expect("Enter password: ")
            try await client.stop()
            client.signal(SIGCONT)
            // The shell has written below the prompt in the meantime.
            try await client.output.expect("\rEnter password: ")
            try client.type(ChatFixture.password(of: "yoda") + "\r")
            try await client.output.expect("yoda> ")
        }

        @Test func afterAStopADeadConnectionIsNoticedWithinSeconds() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            // A silent server is like a link that was lost during a sleep.
            try await chat.server.process.stop()
            try await client.stop()
            client.signal(SIGCONT)
            try await client.output.expect("The connection is lost. Connecting again ...", within: .seconds(60))
            chat.server.process.signal(SIGCONT)
            try await client.output.expect("Connected again.")
            try client.type("/msgto hans awake\r")
            try await client.output.expect("sent at")
        }

        @Test(arguments: ["dumb", "linux", "xterm"]) func whatComesAtOnceIsAPasteWhereNoBracketsSayIt(kind: String) async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal(environment: ["TERM": kind, "INPUTRC": "/dev/null"])
            try await chat.logIn(client, as: "yoda")
            try client.type("/talk hans\r")
            try await client.output.expect("hans> ")
            try client.type("first\rsecond\r")
            if kind == "xterm" {
                // An xterm would have bracketed a paste, so this is somebody who types ahead of a slow line.
                try await client.output.expect("sent at")
                try await client.output.expect("sent at")
                return
            }
            try await client.output.expect("Send these 2 lines to hans? (yes/no) ")
            try client.type("no\r")
            try await client.expectScreen(columns: 140) { $0.cursorLine.hasSuffix("hans>") }
            // A line without a line end is not sent in two parts.
            try client.type("half\ra line")
            try await client.expectScreen(columns: 140) { $0.cursorLine.hasSuffix("a line") }
            try client.type(", whole\r")
            try await client.output.expect("Send these 2 lines to hans? (yes/no) ")
            try client.type("yes\r")
            try await client.output.expect("sent at")
            try await client.output.expect("sent at")
            try client.type("one\r")
            try await client.output.expect("sent at")
            let hans = try chat.script(as: "hans", "--count", "3", "-c", "/activeuser")
            try await hans.output.expect("yoda: half")
            try await hans.output.expect("yoda: a line, whole")
            try await hans.output.expect("yoda: one")
            #expect(!hans.output.text.contains("first"))
        }

        @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143)), (SIGHUP, Int32(129))])
        func aScriptEndsByItsSignal(signal: Int32, status: Int32) async throws {
            let chat = try await ChatFixture()
            let client = try chat.script(as: "yoda", "--listen")
            try client.type("/activeuser\n")
            try await client.output.expect("No other active user.\n")
            client.signal(signal)
            #expect(try await client.exitStatus() == status)
            #expect(client.diagnostics.text == "")
        }

        @Test func aTranscriptHasBothSidesAndNoPassword() async throws {
            let chat = try await ChatFixture()
            let folder = try TemporaryFolder()
            let client = try chat.terminal("--log", folder["log"])
            try await chat.logIn(client, as: "yoda")
            try client.type("/msgto hans do or do not\r")
            try await client.output.expect("sent at")
            let hans = try chat.script(as: "hans", "-c", "/msgto yoda I do")
            #expect(try await hans.exitStatus() == 0)
            try await client.output.expect(": I do")
            try client.type("/logout\r")
            #expect(try await client.exitStatus() == 0)
            let log = try String(contentsOfFile: folder["log"], encoding: .utf8)
            #expect(log.contains("Enter username: yoda\n") && log.contains("yoda> /msgto hans do or do not\n"))
            #expect(log.contains(/\d\d:\d\d hans: I do\n/) && log.hasSuffix("Bye, yoda!\n"))
            #expect(!log.contains(ChatFixture.password(of: "yoda")))
        }
    }
}
