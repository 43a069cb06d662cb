import Foundation
import TestSupport
import Testing

extension ServiceTests {
    /// A client that ends without a log-out: messages that it has not shown are sent again, and those that it has shown are not.
    @Suite("chatty connect, stopped and killed")
    struct ConnectReplayTests {
        private static func sendMessage(_ text: String, in chat: ChatFixture) async throws {
            let sender = try chat.script(as: "yoda", "-c", "/msgto luke \(text)")
            #expect(try await sender.exitStatus() == 0)
        }

        private static func times(_ text: String, on client: ChattyProcess) -> Int {
            client.output.text.ranges(of: "yoda: \(text)").count
        }

        /// The system has acknowledged data that the client never read.
        @Test func whatAStoppedClientNeverShowedComesAgain() async throws {
            let chat = try await ChatFixture()
            let home = try TemporaryFolder()
            let client = try chat.terminal(home: home)
            try await chat.logIn(client, as: "luke")
            try await client.stop()
            for text in ["alpha", "beta", "gamma"] { try await Self.sendMessage(text, in: chat) }
            client.kill()
            _ = try await client.exitStatus()
            #expect(Self.times("alpha", on: client) == 0)

            let next = try chat.terminal(home: home)
            try await chat.logIn(next, as: "luke")
            try await next.output.expect("yoda: gamma")
            for text in ["alpha", "beta", "gamma"] { #expect(Self.times(text, on: next) == 1, "\(text) in \(next.output.text)") }
        }

        @Test func whatAKilledClientHadShownDoesNot() async throws {
            let chat = try await ChatFixture()
            let home = try TemporaryFolder()
            let client = try chat.terminal(home: home)
            try await chat.logIn(client, as: "luke")
            try await Self.sendMessage("alpha", in: chat)
            try await client.output.expect("yoda: alpha")
            // The server's answer follows the acknowledgement that the client has sent before.
            try client.type("/creategroup farm hans\r")
            try await client.output.expect("The group chat farm has been created")
            client.kill()
            _ = try await client.exitStatus()
            try await Self.sendMessage("beta", in: chat)

            let next = try chat.terminal(home: home)
            try await chat.logIn(next, as: "luke")
            try await next.output.expect("yoda: beta")
            #expect(Self.times("alpha", on: next) == 0, "\(next.output.text)")
            #expect(Self.times("beta", on: next) == 1, "\(next.output.text)")
        }
    }
}
