import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatServer

/// What a client did not get over one connection it gets over the next.
@Suite struct ReplayTests {
    /// A socket takes megabytes for a client that is not there any more: what nobody acknowledged is replayed.
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
            // Some that its machine took and nobody read.
            #expect(rest.first ?? .max < 100, "\(rest.first ?? 0)")
            #expect(rest == Array((rest.first ?? 0)...count), "in order, each once")
        }
    }

    /// What is in a socket goes with a connection that is reset.
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
            // A close that lingers for no time is a reset (socket(7)).
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

    /// Its machine has it and it has not shown it: a client that says what it has shown is believed, and nothing is guessed.
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

    /// A session that comes again over another connection gets what came between, whatever the account's other session has had.
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

    /// It had shown more than it could say before its link went, and comes again before the server knows; a client without any memory is told nothing of that.
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
    /// Waits until no session of that account is active any more.
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
