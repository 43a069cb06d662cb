import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatServer

/// The next connection gets what a client missed on the one before.
@Suite struct ReplayTests {
    /// The socket of a dead link accepts megabytes. Whatever is not acknowledged is replayed.
    @Test func whatADeadLinkSwallowedIsReplayed() async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = nil }) { server in
            let gone = try await RawClient(port: server.port, first: "CAP REQ :sasl server-time\r\n", receiveBuffer: 4096)
            try await gone.register("luke", password: "pw-luke")
            try await gone.channel.setOption(.autoRead, value: false).get()
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            let text = String(repeating: "z", count: 3900)
            let count = 1000
            let writing = Task {
                for number in 1...count { try await yoda.send("PRIVMSG luke :\(number) \(text)\r\n") }
            }
            for number in 1...count { try await yoda.expect(" PRIVMSG luke :\(number) ") }
            try await writing.value
            let again = try await server.logIn("luke", capabilities: "sasl server-time")
            let replayed = try await again.expect(" PRIVMSG luke :\(count) ")
            let rest = Self.numbers(in: replayed + " PRIVMSG luke :\(count) ")
            // The client's machine received some of the messages, and nobody read them.
            #expect(rest.first ?? .max < 100, "\(rest.first ?? 0)")
            #expect(rest == Array((rest.first ?? 0)...count), "in order, each once")
        }
    }

    /// A reset connection loses what is in its socket.
    @Test func whatAResetConnectionTookWithItIsReplayed() async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = nil }) { server in
            let gone = try await RawClient(port: server.port, first: "CAP REQ :sasl server-time\r\n", receiveBuffer: 4096)
            try await gone.register("luke", password: "pw-luke")
            try await gone.channel.setOption(.autoRead, value: false).get()
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            let text = String(repeating: "z", count: 3900)
            let count = 50
            for number in 1...count { try await yoda.send("PRIVMSG luke :\(number) \(text)\r\n") }
            for number in 1...count { try await yoda.expect(" PRIVMSG luke :\(number) ") }
            // Closing with a linger time of zero resets the connection (socket(7)).
            let socket = try #require(gone.channel as? any SocketOptionProvider)
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try await gone.close()
            try await server.expectGone("luke", as: yoda)
            let again = try await server.logIn("luke", capabilities: "sasl server-time")
            let replayed = try await again.expect(" PRIVMSG luke :\(count) ")
            let rest = Self.numbers(in: replayed + " PRIVMSG luke :\(count) ")
            #expect(rest.first ?? .max < count / 2 && rest == Array((rest.first ?? 0)...count), "\(rest.first ?? 0)")
        }
    }

    /// The client's machine has the messages and the client has not shown them. The server believes a client that says what it has shown.
    @Test(arguments: [false, true])
    func whatOurClientHasNotShownIsReplayed(shows: Bool) async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = nil }) { server in
            let capabilities = "sasl message-tags server-time labeled-response batch chatty/service"
            let luke = try await RawClient(port: server.port, first: "CAP REQ :\(capabilities)\r\n")
            try await luke.register("luke", password: "pw-luke")
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            try await yoda.send("PRIVMSG luke :one\r\nPRIVMSG luke :two\r\n")
            let line = try await luke.expect(" PRIVMSG luke :one")
            try await luke.expect(" PRIVMSG luke :two")
            let id = try #require(line.firstMatch(of: #/msgid=(\w+)/#)?.1)
            if shows {
                try await luke.send("SEEN \(id)\r\nPING heard\r\n")
                #expect(try await luke.expect(" PONG chatty heard") == "\r\n:chatty", "nothing is answered")
            }
            try await luke.close()
            try await server.expectGone("luke", as: yoda)
            let again = try await server.logIn("luke", capabilities: "sasl server-time")
            let replayed = try await again.expect(" PRIVMSG luke :two")
            #expect(replayed.contains(" PRIVMSG luke :one") == !shows)
        }
    }

    /// A session that reconnects gets what came meanwhile, whatever the account's other session has received.
    @Test func whoSaysWhatItHasGoesOnFromThere() async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = nil }) { server in
            let capabilities = "CAP REQ :sasl message-tags server-time labeled-response batch chatty/service\r\n"
            let phone = try await RawClient(port: server.port, first: capabilities)
            try await phone.register("luke", password: "pw-luke")
            let laptop = try await server.logIn("luke", capabilities: "sasl server-time")
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            try await yoda.send("PRIVMSG luke :one\r\n")
            let id = try #require(try await phone.expect(" PRIVMSG luke :one").firstMatch(of: #/msgid=(\w+)/#)?.1)
            try await phone.close()
            try await yoda.send("PRIVMSG luke :two\r\n")
            try await laptop.expect(" PRIVMSG luke :two")
            try await laptop.send("PRIVMSG yoda :from the laptop\r\n")
            try await yoda.expect(" PRIVMSG yoda :from the laptop")
            let again = try await RawClient(port: server.port, first: capabilities + "SEEN \(id)\r\n")
            try await again.register("luke", password: "pw-luke")
            let replayed = try await again.expect(" PRIVMSG yoda :from the laptop")
            #expect(replayed.contains(" PRIVMSG luke :two") && !replayed.contains(" PRIVMSG luke :one"))
        }
    }

    /// The client has shown more than it could report before its link broke, and reconnects before the server knows. A client without a
    /// name gets none of it again.
    @Test(arguments: [false, true]) func whatANamedClientHasShownIsNotReplayedToOthers(isClosed: Bool) async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = nil }) { server in
            let capabilities = "CAP REQ :sasl message-tags server-time labeled-response batch chatty/service\r\n"
            let first = try await RawClient(port: server.port, first: capabilities + "SEEN * me\r\n")
            try await first.register("luke", password: "pw-luke")
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            try await yoda.send("PRIVMSG luke :one\r\n")
            let id = try #require(try await first.expect(" PRIVMSG luke :one").firstMatch(of: #/msgid=(\w+)/#)?.1)
            if isClosed {
                try await first.close()
                try await server.expectGone("luke", as: yoda)
            }
            let again = try await RawClient(port: server.port, first: capabilities + "SEEN \(id) me\r\n")
            try await again.register("luke", password: "pw-luke")
            try await yoda.send("PRIVMSG luke :two\r\n")
            let next = try await again.expect(" PRIVMSG luke :two")
            #expect(!next.contains("PRIVMSG luke :one"))
            try await again.send("SEEN \(try #require(next.firstMatch(of: #/msgid=(\w+)/#)?.1))\r\nQUIT\r\n")
            _ = try await again.end()
            if !isClosed { try await first.close() }
            try await server.expectGone("luke", as: yoda)
            let other = try await server.logIn("luke", capabilities: "sasl server-time")
            try await yoda.send("PRIVMSG luke :three\r\n")
            let told = try await other.expect(" PRIVMSG luke :three")
            #expect(!told.contains("PRIVMSG luke :one") && !told.contains("PRIVMSG luke :two"))
        }
    }

    private static func numbers(in text: String) -> [Int] {
        text.matches(of: #/ PRIVMSG luke :(\d+) /#).compactMap { Int($0.1) }
    }
}

extension RunningServer {
    /// Waits until the account has no active session.
    func expectGone(_ name: String, as other: RawClient) async throws {
        let deadline = ContinuousClock.now + RawClient.patience
        while ContinuousClock.now < deadline {
            try await other.send("ISON \(name)\r\n")
            try await other.expect(" 303 ")
            if try await !other.expect("\r\n").hasSuffix(name) { return }
        }
        Issue.record("\(name) is still active")
    }
}
