import ChatProtocol
import Foundation
import GRDB
import NIOCore
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// A server under every load at once for a bounded time: five seconds, or as many as `$CHATTY_SOAK` says.
@Suite struct SoakTests {
    private static let seconds = ProcessInfo.processInfo.environment["CHATTY_SOAK"].flatMap { Int($0) } ?? 5

    /// Senders, short sessions, password guessers, readers that stop, and random bytes. Afterwards no queue holds anything, and every
    /// acknowledged message is stored once and in order. (`OperationTests` measures the memory of a server alone.)
    @Test func nothingIsLostAndNothingStays() async throws {
        let names = (0..<6).map { "user\($0)" }
        let change = RunningServer.Change {
            $0.rules.messageRate = nil
            $0.metrics = ("127.0.0.1", 0)
            $0.adjust = { $0.lingering = .milliseconds(100) }
        }
        try await RunningServer.use(accounts: names + ["sink", "victim"], change) { server in
            let acknowledged = try await Self.round(server, names, until: .now + .seconds(Self.seconds), seed: 1)
            try await eventually { server.server.metrics.current.sessions == 0 }
            try await eventually { server.server.metrics.depths.allSatisfy { $0.depth == 0 } }
            // Every acknowledged message is stored, once and in its order.
            let sent = acknowledged.reduce(into: [String: [Int]]()) { $0[$1.name, default: []] += $1.numbers }
            #expect(Set(sent.filter { !$0.value.isEmpty }.keys) == Set(names), "each was heard")
            for (name, numbers) in sent {
                let kept = try Self.kept(server, from: name)
                #expect(kept == kept.sorted(), "\(name): in the order in which it was acknowledged")
                #expect(Set(kept).count == kept.count, "\(name): each once")
                #expect(Set(kept).isSuperset(of: numbers), "\(name): \(Set(numbers).subtracting(kept).count) lost")
            }
        }
    }

    /// The numbers of the stored messages from `name` to sink. Each was acknowledged before the next was sent.
    private static func kept(_ server: RunningServer, from name: String) throws -> [Int] {
        try server.server.store.pool.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT text FROM messages m JOIN accounts a ON a.id = m.sender
                    WHERE a.name = ? AND text LIKE 'soak %' AND conversation > 0 ORDER BY m.id
                    """,
                arguments: [name])
        }.compactMap { Int($0.dropFirst(5)) }
    }

    private struct Talker: Sendable {
        let name: String
        /// The numbers of acknowledged messages.
        var numbers: [Int] = []
    }

    private static func round(
        _ server: RunningServer, _ names: [String], until end: ContinuousClock.Instant, seed: UInt64
    ) async throws -> [Talker] {
        try await withThrowingTaskGroup(of: Talker?.self) { group in
            for (index, name) in names.enumerated() {
                group.addTask { try await talk(server, name, until: end, seed: seed * 100 + UInt64(index)) }
            }
            group.addTask {
                var random = SeededGenerator(seed: seed * 1000)
                while ContinuousClock.now < end { try await disturb(server, &random) }
                return nil
            }
            var talkers: [Talker] = []
            for try await talker in group { if let talker { talkers.append(talker) } }
            return talkers
        }
    }

    /// Connects, sends messages, and disconnects in one of several ways.
    private static func talk(
        _ server: RunningServer, _ name: String, until end: ContinuousClock.Instant, seed: UInt64
    ) async throws -> Talker {
        var random = SeededGenerator(seed: seed)
        var talker = Talker(name: name)
        var number = Int(seed) * 1_000_000
        // At least once, however slow the machine is.
        repeat {
            let client = try await server.logIn(name, tls: Int.random(in: 0..<4, using: &random) == 0)
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                number += 1
                try await client.send("PRIVMSG sink :soak \(number)\r\n")
                try await client.expect("PRIVMSG sink :soak \(number)\r\n")
                talker.numbers.append(number)
            }
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                try await client.send("QUIT\r\n")
                _ = try await client.end()
            case 1: try await client.close()
            default:
                // This message is not acknowledged. It may be stored or not, but never in part.
                number += 1
                try await client.send("JOIN #soak\r\nPRIVMSG #soak :soak \(number)\r\nPRIVMSG sink :cut sho")
                try await client.close()
            }
        } while ContinuousClock.now < end
        return talker
    }

    private static func disturb(_ server: RunningServer, _ random: inout SeededGenerator) async throws {
        let client = try await RawClient(port: server.port, receiveBuffer: 4096)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            // The server may close at any byte.
            try? await client.send(random.bytes(Int.random(in: 1...20_000, using: &random)))
        case 1:
            try await client.send("CAP REQ :sasl\r\n")
            try await client.register("sink", password: "pw-sink")
            try await client.channel.setOption(.autoRead, value: false).get()
        case 2: try await client.send("PASS victim:wrong\r\nNICK victim\r\nUSER x 0 * :x\r\n")
        default: try await client.send("NICK someone\r\nPING x\r\n")
        }
        try? await client.close()
    }
}
