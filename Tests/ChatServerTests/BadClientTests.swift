import ChatProtocol
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ChatServer

@Suite struct BadClientTests {
    @Test func oneThatNeverLogsInIsClosed() async throws {
        try await RunningServer.use(.init { $0.rules.loginTimeout = 1 }) { server in
            let silent = try await RawClient(port: server.port)
            #expect(try await silent.end().hasSuffix("You did not log in within 1 second.\n"))
            let half = try await RawClient(port: server.port, first: "\u{16}\u{3}\u{1}")
            _ = try await half.end()
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func garbageHarmsNobodyElse(seed: UInt64) async throws {
        try await RunningServer.use(.init { $0.adjust = { $0.lingering = .milliseconds(200) } }) { server in
            let yoda = try await server.logIn("yoda")
            var random = SeededGenerator(seed: seed)
            for round in 0..<20 {
                let client = try await RawClient(port: server.port)
                var bytes = (0..<Int.random(in: 1...20_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                if round.isMultiple(of: 3) { bytes[0] = 0x16 }
                // The server may have closed the connection by then.
                try? await client.send(bytes)
                try? await client.endInput()
                if !round.isMultiple(of: 3) { _ = try await client.end() }
            }
            let luke = try await server.logIn("luke")
            try await yoda.send("PRIVMSG luke :still here\r\n")
            try await luke.expect(":yoda!yoda@chatty PRIVMSG luke :still here")
        }
    }

    @Test func aLineWithoutEndIsRefusedAndForgotten() async throws {
        try await RunningServer.use { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl standard-replies")
            for _ in 1...64 { try await yoda.send(String(repeating: "x", count: 16_384)) }
            try await yoda.send("\r\nPING after\r\n")
            try await yoda.expect("LINE_TOO_LONG")
            try await yoda.expect("PONG")
        }
    }

    @Test func anEndedInputIsAnsweredThenClosed() async throws {
        try await RunningServer.use { server in
            let client = try await RawClient(port: server.port)
            try await client.expect("Enter username: ")
            try await client.send("yoda\npw-yoda\n/activeuser\n/help msgto")
            try await client.send("\n")
            try await client.endInput()
            let rest = try await client.end()
            #expect(rest.contains("No other active user.\nUsage: /msgto USERNAME MESSAGE\n"))
        }
    }

    @Test func whoEndsBeforeAnythingIsSaidIsToldNothing() async throws {
        // The silence is never over: the end of the input comes first, however slow the machine is.
        let patient = RunningServer.Change { $0.adjust = { $0.silence = .hours(1) } }
        try await RunningServer.use(patient) { server in
            let scanner = try await RawClient(port: server.port)
            try await scanner.endInput()
            #expect(try await scanner.end().isEmpty)
        }
    }

    @Test func aSlowReaderIsClosedAndLosesNothing() async throws {
        let change = RunningServer.Change {
            $0.rules.messageRate = nil
            $0.adjust = {
                $0.lingering = .zero
                $0.readerLingering = .hours(1)
            }
        }
        try await RunningServer.use(change) { server in
            let sink = try await RawClient(port: server.port, first: "CAP REQ :sasl server-time\r\n", receiveBuffer: 4096)
            try await sink.register("luke", password: "pw-luke")
            try await sink.channel.setOption(.autoRead, value: false).get()
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            let text = String(repeating: "z", count: 3900)
            let count = 3000
            let writing = Task {
                for number in 1...count { try await yoda.send("PRIVMSG luke :\(number) \(text)\r\n") }
            }
            for number in 1...count { try await yoda.expect(" PRIVMSG luke :\(number) ") }
            try await writing.value
            try await sink.channel.setOption(.autoRead, value: true).get()
            let live = Self.numbers(in: try await sink.end())
            #expect(live.count < count, "it was closed for reading too slowly")
            let again = try await server.logIn("luke", capabilities: "sasl server-time")
            let replayed = try await again.expect(" PRIVMSG luke :\(count) ")
            let rest = Self.numbers(in: replayed + " PRIVMSG luke :\(count) \r\n")
            #expect(rest == Array((rest.first ?? 0)...count), "in order, each once")
            #expect((live.last ?? 0) + 1 == rest.first, "neither nothing nor something twice between what came live and what was replayed")
            #expect(live == Array(1...live.count))
        }
    }

    @Test func bytesAreCountedByTheLine() async throws {
        // At this rate the burst is all there is.
        try await RunningServer.use(.init { $0.rules.byteRate = 0.001 }) { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message standard-replies")
            let text = String(repeating: "z", count: 4000)
            for number in 1...2 {
                try await yoda.send("PRIVMSG luke :\(number)\(text)\r\n")
                try await yoda.expect("PRIVMSG luke :\(number)")
            }
            // The rest of the burst would suffice for the short line, but that waits behind the long one.
            try await yoda.send("PRIVMSG luke :3\(text)\r\nPRIVMSG luke :short\r\n")
            let luke = try await server.logIn("luke")
            try await luke.expect("PRIVMSG luke :2\(text)")
            let hans = try await server.logIn("hans")
            try await hans.send("PRIVMSG luke :last\r\n")
            #expect(!(try await luke.expect("PRIVMSG luke :last")).contains("short"))
        }
    }

    /// Before the log-in every line counts against the rate, whether or not it leads to a command.
    @Test(arguments: [
        "PING :\(String(repeating: "x", count: 400))\r\n", "PONG\r\n", "CAP LS 302\r\n", "\r\n", "NONSENSE\r\n", "\u{1}\r\n", "PASS a\r\n",
    ])
    func aFloodBeforeLogInEnds(line: String) async throws {
        try await RunningServer.use(Self.patient { $0.rules.messageRate = 20 }) { server in
            let client = try await RawClient(port: server.port, first: "PING first\r\n")
            try await client.expect("PONG")
            // The connection may close before all is sent.
            let writing = Task { for _ in 1...50 { try? await client.send(String(repeating: line, count: 100)) } }
            #expect(try await client.end().hasSuffix("ERROR :\(Reply.flooded.text)\r\n"))
            await writing.value
            _ = try await server.logIn("yoda")
        }
    }

    /// The server waits for the farewell to be read, however slow the machine is.
    private static func patient(_ change: @escaping @Sendable (inout ServerConfiguration) -> Void) -> RunningServer.Change {
        RunningServer.Change {
            change(&$0)
            $0.adjust = { $0.lingering = .hours(1) }
        }
    }

    @Test func aFloodOfEmptyLinesAsTextEnds() async throws {
        try await RunningServer.use(Self.patient { $0.rules.messageRate = 20 }) { server in
            let client = try await RawClient(port: server.port)
            try await client.expect("Enter username: ")
            let writing = Task { for _ in 1...50 { try? await client.send(String(repeating: "\n", count: 100)) } }
            #expect(try await client.end().hasSuffix(Reply.flooded.text + "\n"))
            await writing.value
        }
    }

    /// Lines above the rate stay with the client until their turn, so all arrive in order and none is refused.
    @Test func moreThanTheRateComesLaterInItsOrder() async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = 20 }) { server in
            let luke = try await server.logIn("luke")
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            let count = 260
            try await yoda.send((1...count).map { "PRIVMSG luke :n\($0)\r\n\r\n" }.joined())
            let told = try await luke.expect("n\(count)\r\n") + "n\(count)\r\n"
            #expect(told.matches(of: #/PRIVMSG luke :n(\d+)/#).compactMap { Int($0.1) } == Array(1...count))
            let answered = try await yoda.expect("n\(count)\r\n") + "n\(count)\r\n"
            #expect(answered.matches(of: #/PRIVMSG luke :n(\d+)/#).compactMap { Int($0.1) } == Array(1...count))
        }
    }

    @Test func whoHasLoggedInIsReadNoFasterThanTheRate() async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = 1000 }) { server in
            let yoda = try await server.logIn("yoda")
            // More than the burst: the session is in debt, and reading resumes once that is paid.
            try await yoda.send(String(repeating: "\r\n", count: 12_000) + "PING after\r\n")
            try await yoda.expect("PONG chatty after")
        }
    }

    @Test func aLineWithoutEndCostsItsBytes() async throws {
        let change = Self.patient {
            $0.rules.byteRate = 32_000
            $0.rules.loginTimeout = 3600
        }
        try await RunningServer.use(change) { server in
            let client = try await RawClient(port: server.port, first: "CAP REQ :sasl standard-replies\r\n")
            let writing = Task { for _ in 1...512 { try? await client.send(String(repeating: "x", count: 16_384)) } }
            try await client.expect("LINE_TOO_LONG")
            #expect(try await client.end().hasSuffix("ERROR :\(Reply.flooded.text)\r\n"))
            await writing.value
        }
    }

    /// The numbers of complete lines. An incomplete one has not arrived, and comes again.
    private static func numbers(in text: String) -> [Int] {
        text.components(separatedBy: "\r\n").dropLast().compactMap { line in
            line.firstMatch(of: #/PRIVMSG luke :(\d+) /#).flatMap { Int($0.1) }
        }
    }

    @Test func manyCommandsAtOnceAreAnsweredInOrder() async throws {
        try await RunningServer.use(.init { $0.rules.messageRate = nil }) { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl echo-message")
            let count = 5000
            let lines = (1...count).map { "PRIVMSG luke :n\($0)\r\n" }.joined()
            let writing = Task { try await yoda.send(lines) }
            for number in 1...count { #expect(!(try await yoda.expect("n\(number)\r\n")).contains("PRIVMSG luke :n\(number + 1)")) }
            try await writing.value
        }
    }

    @Test func plainTextFromElsewhereIsRefusedInTheClientsOwnWay() async throws {
        let patient = RunningServer.Change {
            $0.adjust = {
                $0.treatsNobodyAsLoopback = true
                $0.silence = .hours(1)
            }
        }
        try await RunningServer.use(patient) { server in
            let irc = try await RawClient(port: server.port, first: "NICK yoda\r\nUSER yoda 0 * :y\r\n")
            #expect(try await irc.end().hasSuffix("ERROR :\(Reply.plaintextRefused.text)\r\n"))
        }
        try await RunningServer.use(.init { $0.adjust = { $0.treatsNobodyAsLoopback = true } }) { server in
            let silent = try await RawClient(port: server.port)
            #expect(try await silent.end() == Reply.plaintextRefused.text + "\n")
            _ = try await server.logIn("yoda", tls: true)
        }
    }
}
