import Connectivity
import NIOConcurrencyHelpers
import NetworkIO
import SystemSupport
import TestSupport
import Testing

@testable import TransferIO

/// A port mapper against a router of the test's own, on the loopback.
@Suite struct PortMapperTests {
    /// Answers every request of PCP, with an external address of its own.
    private final class Router: Sendable {
        let port: UInt16
        let requests = NIOLockedValueBox<[[UInt8]]>([])
        let external = NIOLockedValueBox(NetworkAddress(ipv4: 0xC633_640A, port: 4242))
        private let isOver = NIOLockedValueBox(false)

        init() throws {
            let socket = try UDPSocket()
            port = socket.port
            let (requests, external, isOver) = (requests, external, isOver)
            try BackgroundThread.start(name: "router", socket) { socket in
                while !isOver.withLockedValue(\.self) {
                    socket.wait(for: .milliseconds(20))
                    socket.receive { received in
                        let request = Array(received.bytes)
                        requests.withLockedValue { $0.append(request) }
                        let answer = Self.answer(request, external.withLockedValue(\.self))
                        _ = answer.withUnsafeBytes { socket.send($0, to: received.from) }
                    }
                }
            }
        }

        deinit { isOver.withLockedValue { $0 = true } }

        private static func answer(_ request: [UInt8], _ external: NetworkAddress) -> [UInt8] {
            guard request.count == 60 else { return [0, 0x81, 0, 1, 0, 0, 0, 0] }
            func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
            return [2, 0x81, 0, 0] + request[4..<8] + [0, 0, 0, 9] + Array(repeating: 0, count: 12) + request[24..<42]
                + bytes(external.port) + bytes(external.high) + bytes(external.low)
        }

        var asPort: PortMapperCore.Router {
            let host = NetworkAddress(ipv4: 0x7F00_0001, port: 0)
            return PortMapperCore.Router(address: NetworkAddress(ipv4: 0x7F00_0001, port: port), client: host)
        }
    }

    @Test func aPortIsMappedAndGivenBack() async throws {
        let router = try Router()
        let mapper = try PortMapper(port: 4242, routers: [router.asPort], routes: nil)
        #expect(await mapper.mapped(within: .seconds(60)) == [router.external.withLockedValue(\.self)])
        #expect(mapper.mapped == [router.external.withLockedValue(\.self)])
        await mapper.stop()
        let requests = router.requests.withLockedValue(\.self)
        #expect(requests.count >= 2 && requests.allSatisfy { $0.count == 60 && $0[40...41] == [0x10, 0x92] })
        #expect(requests.first.map { Array($0[4..<8]) } == [0, 0, 0x0E, 0x10])
        #expect(requests.last.map { Array($0[4..<8]) } == [0, 0, 0, 0])
        // It is over, and says so again.
        await mapper.stop()
        #expect(await mapper.mapped(within: .seconds(60)) == mapper.mapped)
    }

    @Test func withoutARouterNobodyWaits() async throws {
        let mapper = try PortMapper(port: 4242, routers: [], routes: nil)
        let start = ContinuousClock.now
        #expect(await mapper.mapped(within: .seconds(3600)) == [])
        #expect(ContinuousClock.now - start < .seconds(60))
        await mapper.stop()
    }

    @Test func aChangeIsReported() async throws {
        let router = try Router()
        let mapper = try PortMapper(port: 4242, routers: [router.asPort], routes: nil)
        var changes = mapper.changes().makeAsyncIterator()
        let first: [NetworkAddress]? = mapper.mapped.isEmpty ? await changes.next() : mapper.mapped
        #expect(first == [router.external.withLockedValue(\.self)])
        await mapper.stop()
        // The stream ends with the mapper.
        while await changes.next() != nil {}
    }
}
