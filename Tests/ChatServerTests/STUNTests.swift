import Connectivity
import Glibc
import NIOConcurrencyHelpers
import NetworkIO
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// The server's UDP port, which tells clients from which address it sees them.
@Suite(.serialized) struct STUNTests {
    /// Asks from a socket of its own.
    private static func ask(_ port: UInt16, _ socket: UDPSocket, _ request: [UInt8]) -> [UInt8]? {
        let server = NetworkAddress(ipv4: 0x7F00_0001, port: port)
        _ = request.withUnsafeBytes { socket.send($0, to: server) }
        socket.wait(for: .seconds(10))
        var answer: [UInt8]?
        socket.receive { if $0.from == server { answer = Array($0.bytes) } }
        return answer
    }

    @Test func aClientIsToldItsAddress() async throws {
        try await RunningServer.use { server in
            let port = try #require(UInt16(exactly: server.port))
            let client = try await RawClient(port: server.port, first: "CAP LS 302\r\n")
            #expect(try await client.expect("chatty/service=stun").contains("CAP * LS"))
            // A client that knows no values gets none.
            let old = try await RawClient(port: server.port, first: "CAP LS\r\n")
            #expect(try await old.expect("chatty/service").contains("chatty/service=") == false)
            let socket = try UDPSocket()
            var random = SeededGenerator(seed: 1)
            let request = STUNBinding.request(STUNTransaction(random: &random))
            let answer = try #require(Self.ask(port, socket, request))
            // A client takes no loopback address for its own, so the answer is read by hand (RFC 8489 §5, §14.2): its transaction and port.
            #expect(answer.count == 32 && answer[8..<20] == request[8..<20])
            #expect(UInt16(answer[26]) << 8 | UInt16(answer[27]) == socket.port ^ 0x2112)
            // What is no request gets no answer, and the server still answers.
            for other in [[], [0], [UInt8](repeating: 0xFF, count: 1400)] {
                _ = other.withUnsafeBytes { socket.send($0, to: NetworkAddress(ipv4: 0x7F00_0001, port: port)) }
            }
            #expect(Self.ask(port, socket, STUNBinding.request(STUNTransaction(random: &random)))?.count == 32)
        }
    }

    /// A flood from one address is answered ten times a second, and counted.
    @Test func aFloodIsAnsweredInMeasure() async throws {
        try await RunningServer.use(.init { $0.metrics = ("127.0.0.1", 0) }) { server in
            let port = try #require(UInt16(exactly: server.port))
            let socket = try UDPSocket()
            var random = SeededGenerator(seed: 2)
            let target = NetworkAddress(ipv4: 0x7F00_0001, port: port)
            let start = ContinuousClock.now
            for _ in 0..<1000 {
                _ = STUNBinding.request(STUNTransaction(random: &random)).withUnsafeBytes { socket.send($0, to: target) }
            }
            var answers = 0
            while socket.wait(for: .milliseconds(300)) || socket.receive({ _ in answers += 1 }) > 0 {}
            let seconds = Int((ContinuousClock.now - start) / .seconds(1)) + 2
            #expect(answers > 0 && answers <= 10 * seconds, "\(answers) in \(seconds) s")
            let page = try await MetricsTests.get(server, "/metrics").body
            let counted = try #require(try MetricsTests.samples(page)["chatty_stun_answers_total"])
            #expect(counted >= Double(answers))
        }
    }

    /// A start that fails later leaves nothing running: the UDP port is free again.
    @Test func aStartThatFailsGivesThePortBack() async throws {
        let occupied = try await RunningServer { $0.metrics = ("127.0.0.1", 0) }
        let metrics = try #require(occupied.server.metricsAddress.flatMap { Int($0.split(separator: ":").last ?? "") })
        var isFree = false
        // Others take ports too, so one try proves nothing.
        for _ in 0..<20 where !isFree {
            let port = try UDPSocket().port
            await #expect(throws: (any Error).self) {
                try await RunningServer {
                    let folder = $0.folder
                    $0 = ServerConfiguration(port: Int(port), folder: folder)
                    $0.hashCost = .cheap
                    $0.loops = 1
                    $0.metrics = ("127.0.0.1", metrics)
                }
            }
            isFree = (try? UDPSocket(port: port)) != nil
        }
        #expect(isFree)
        try await occupied.server.stop()
    }

    /// Another program has the UDP port: the server works without it, says so, and tells its clients of no STUN.
    @Test func withoutThePortTheServerRunsAllTheSame() async throws {
        // The TCP port must be free with its UDP port taken: tried with several, because others take ports too.
        for _ in 0..<20 {
            let taken = try UDPSocket()
            let temporary = try TemporaryFolder()
            guard
                let server = try? await RunningServer(
                    in: temporary,
                    { configuration in
                        configuration = ServerConfiguration(port: Int(taken.port), folder: configuration.folder)
                        configuration.hashCost = .cheap
                        configuration.loops = 1
                    })
            else { continue }
            let client = try await RawClient(port: server.port, first: "CAP LS 302\r\n")
            #expect(try await client.expect("chatty/service").contains("chatty/service=") == false)
            #expect(server.told.all.contains("UDP port \(taken.port) is not available"))
            try await server.server.stop()
            return
        }
        Issue.record("no port was free")
    }
}
