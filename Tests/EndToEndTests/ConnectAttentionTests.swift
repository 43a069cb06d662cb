import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// Away and ignored users, pending and unread messages, as people at terminals see them.
    @Suite("Attention in chatty connect")
    struct ConnectAttentionTests {
        @Test func whoIsAwaySaysSoToThoseWhoWrite() async throws {
            let chat = try await ChatFixture()
            let yoda = try chat.terminal()
            try await chat.logIn(yoda, as: "yoda")
            try yoda.type("/away gone for  lunch\r")
            try await yoda.output.expect("You are away: gone for  lunch")
            try await yoda.expectScreen(columns: 140) { $0.cursorLine == "yoda (away)>" }
            let hans = try chat.script(as: "hans", "-c", "/msgto yoda hi", "-c", "/activeuser")
            #expect(try await hans.exitStatus() == 0)
            let lines = try await hans.output.end().split(separator: "\n").map(String.init)
            #expect(lines.count == 3 && lines[1] == "yoda is away: gone for  lunch" && lines[2].hasSuffix(", away"))
            // A plain-text session has the same command and the same reply.
            let luke = try await chat.server.plainSession("luke")
            try luke.send("/msgto yoda hi\n")
            try await luke.input.expect("yoda is away: gone for  lunch\n")
            try yoda.type("/away\r")
            try await yoda.output.expect("You are back.")
            try luke.send("/away\n/away too\n/activeuser\n")
            try await luke.input.expect("You are back.\nYou are away: too\n")
            try await luke.input.expect(/yoda, active since \S+Z\n/)
        }

        @Test func whoIsIgnoredStaysIgnoredAtTheNextLogIn() async throws {
            let chat = try await ChatFixture()
            let home = try TemporaryFolder()
            let first = try chat.terminal(home: home)
            try await chat.logIn(first, as: "yoda")
            try first.type("/ignore Hans\r")
            try await first.output.expect("You ignore Hans from now on.")
            try first.type("/logout\r")
            #expect(try await first.exitStatus() == 0)
            let file = "\(home.path)/.local/state/chatty/ignored/127.0.0.1:\(chat.port)/yoda"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "Hans\n")
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
            let hans = try chat.script(as: "hans", "-c", "/msgto yoda psst")
            #expect(try await hans.exitStatus() == 0)
            let luke = try chat.script(as: "luke", "-c", "/msgto yoda hello")
            #expect(try await luke.exitStatus() == 0)

            let second = try chat.terminal(home: home)
            try await chat.logIn(second, as: "yoda")
            let screen = try await second.expectScreen(columns: 140) { screen in screen.transcript.contains { $0.contains("luke: hello") } }
            #expect(!screen.transcript.contains { $0.contains("psst") })
            let unread = try #require(screen.transcript.firstIndex(of: "--- unread ---"))
            #expect(screen.transcript[unread + 1].hasSuffix("luke: hello"))
            try second.type("/unignore H\t\r")
            try await second.output.expect("You do not ignore Hans any more.")
            #expect(!FileManager.default.fileExists(atPath: file))
        }

        @Test func messagesTypedWithoutAServerArePendingAndThenSaidOnce() async throws {
            let chat = try await ChatFixture()
            let client = try chat.terminal()
            try await chat.logIn(client, as: "yoda")
            chat.server.process.kill()
            _ = try await chat.server.process.exitStatus()
            try await client.output.expect("The connection is lost. Connecting again ...")
            try client.type("/msgto hans one\rtwo\r/msgto nobody three\rfour")
            try await client.expectScreen(columns: 140) { $0.cursorLine == "yoda → nobody (offline, 3 pending)> four" }
            let again = try await chat.restarted()
            try await client.output.expect("Failed, to nobody: three")
            try await client.expectScreen(columns: 140) { $0.cursorLine == "yoda → hans> four" }
            let hans = try again.script(as: "hans", "--count", "2", "-c", "/activeuser")
            #expect(try await hans.exitStatus() == 0)
            let said = try await hans.output.end().split(separator: "\n").filter { $0.contains("yoda: ") }.map { $0.suffix(3) }
            #expect(said == ["one", "two"])
        }
    }
}
