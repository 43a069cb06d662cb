import ChatProtocol
import Connectivity
import Glibc
import NetworkIO
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// The relay of a running server, over UDP and over connections to its TCP port.
@Suite(.serialized) struct RelayTests {
    /// One side of a transfer with real sockets: its leg over UDP, or over TCP if it has a stream.
    private final class Side {
        let socket: UDPSocket
        var stream: Int32 = -1
        var leg: RelayLeg
        var frames = RelayFrames()
        var arrived: [[UInt8]] = []
        let server: NetworkAddress
        private let start = ContinuousClock.now

        init(_ grant: RelayGrant, port: Int, overTCP: Bool) throws {
            server = NetworkAddress(ipv4: 0x7F00_0001, port: UInt16(clamping: port))
            socket = try UDPSocket(offload: false)
            leg = RelayLeg(grant, relay: [server], random: SystemRandomNumberGenerator(), at: .zero)
            guard overTCP else { return }
            stream = RelayTests.connect(port)
            try #require(stream >= 0)
            leg.streamOpened(at: now)
        }

        deinit { if stream >= 0 { close(stream) } }

        var now: Duration { ContinuousClock.now - start }
        var isBound: Bool { if case .bound = leg.state { true } else { false } }

        func send(_ bytes: [UInt8], _ via: RelayLeg.Via) {
            switch via {
            case .stream: _ = RelayFrames.frame(bytes).withUnsafeBytes { write(stream, $0.baseAddress, $0.count) }
            case .address(let address): _ = bytes.withUnsafeBytes { socket.send($0, to: address) }
            }
        }

        func send(_ payload: [UInt8]) {
            send(RelayDatagram.header(of: leg.grant.leg) + payload, stream >= 0 ? .stream : .address(server))
        }

        /// Takes what has come, and sends what is due.
        func step() {
            while let (bytes, via) = leg.nextDatagram(at: now) { send(bytes, via) }
            if stream < 0 {
                socket.wait(for: .milliseconds(20))
                socket.receive { take(Array($0.bytes), .address($0.from)) }
                return
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(stream, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { frames.append(buffer[..<count]) }
            while let datagram = frames.next() { take(datagram, .stream) }
        }

        private func take(_ datagram: [UInt8], _ via: RelayLeg.Via) {
            let received = datagram.withUnsafeBytes { leg.receive($0, from: via, at: now) }
            if received == .data { arrived.append(Array(datagram.dropFirst(RelayDatagram.headerSize))) }
        }
    }

    fileprivate static func connect(_ port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isOpen = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return isOpen == 0 ? descriptor : -1
    }

    private static func grants(_ server: RunningServer) throws -> [RelayGrant] {
        let key = try RelaySecret.load(server.server.folder)
        return key.grants(for: [1, 2, 3], account: 1, expires: UInt32(clamping: time(nil)) + 60)
    }

    private static func run(_ sides: [Side], until isDone: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(20)
        while !isDone(), ContinuousClock.now < end { for side in sides { side.step() } }
        return isDone()
    }

    @Test(arguments: [[false, false], [false, true], [true, false], [true, true]])
    func datagramsPassBetweenLegsOfEitherKind(overTCP: [Bool]) async throws {
        try await RunningServer.use(.init { $0.metrics = ("127.0.0.1", 0) }) { server in
            let sides = try zip(Self.grants(server), overTCP).map { try Side($0, port: server.port, overTCP: $1) }
            #expect(Self.run(sides) { sides.allSatisfy(\.isBound) })
            let payloads = (1...20).map { [UInt8](repeating: $0, count: 60 * Int($0)) }
            for payload in payloads {
                sides[0].send(payload)
                #expect(Self.run(sides) { sides[1].arrived.last == payload })
                sides[1].send(payload)
                #expect(Self.run(sides) { sides[0].arrived.last == payload })
            }
            #expect(sides[0].arrived == payloads && sides[1].arrived == payloads)
            let bytes = Double(2 * payloads.reduce(0) { $0 + $1.count })
            var samples: [String: Double] = [:]
            for _ in 0..<100 where samples["chatty_relay_bytes_total"] != bytes {
                samples = try MetricsTests.samples(try await MetricsTests.get(server, "/metrics").body)
            }
            #expect(samples["chatty_relay_bytes_total"] == bytes && samples["chatty_relays"] == 1)
        }
    }

    /// A server without a relay says nothing of one, and answers no leg.
    @Test func aRelayThatIsOffIsSilent() async throws {
        try await RunningServer.use(.init { $0.relay = nil }) { server in
            let client = try await RawClient(port: server.port, first: "CAP LS 302\r\n")
            #expect(try await client.expect("chatty/service=stun").contains("relay") == false)
            let side = try Side(Self.grants(server)[0], port: server.port, overTCP: false)
            let end = ContinuousClock.now + .milliseconds(500)
            while ContinuousClock.now < end { side.step() }
            #expect(!side.isBound)
        }
    }

    /// What begins like a stream of the relay and is none is closed.
    @Test(arguments: [[0, 0], [0, 3, 1, 2, 3], [0xFF, 0xFF], [0x00]] as [[UInt8]])
    func aStreamOfSomethingElseIsClosed(bytes: [UInt8]) async throws {
        try await RunningServer.use { server in
            let stream = Self.connect(server.port)
            defer { close(stream) }
            var broken = bytes
            // A frame of length zero is none; before it whatever is no leg's is dropped.
            if bytes.first == 0 { broken += bytes.count == 1 ? [0] : [0, 0] }
            _ = broken.withUnsafeBytes { write(stream, $0.baseAddress, $0.count) }
            var timeout = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            var buffer = [UInt8](repeating: 0, count: 512)
            var count = 1
            if bytes.first == 0 {
                while count > 0 { count = recv(stream, &buffer, buffer.count, 0) }
                #expect(count == 0)
            } else {
                // It is a client of the chat, whose line is no command.
                #expect(recv(stream, &buffer, buffer.count, 0) != 0)
            }
        }
    }

    /// A connection that has shown no grant counts as any other of its address does, with its limits; one that has is no session.
    @Test func aStreamIsASessionUntilItShowsAGrant() async throws {
        try await RunningServer.use(.init { $0.metrics = ("127.0.0.1", 0) }) { server in
            func counts(_ wanted: Double) async throws -> Bool {
                var found = -1.0
                for _ in 0..<200 where found != wanted {
                    let samples = try MetricsTests.samples(try await MetricsTests.get(server, "/metrics").body)
                    found = samples.filter { $0.key.hasPrefix("chatty_connections{") }.values.reduce(0, +)
                }
                return found == wanted
            }
            let stranger = Self.connect(server.port)
            defer { close(stranger) }
            let bytes: [UInt8] = [0]
            _ = bytes.withUnsafeBytes { write(stranger, $0.baseAddress, $0.count) }
            #expect(try await counts(1))
            let side = try Side(Self.grants(server)[0], port: server.port, overTCP: true)
            #expect(Self.run([side]) { side.isBound })
            #expect(try await counts(1))
        }
    }

    /// A server that is started again has the same secret, so the grants of before hold.
    @Test func theSecretOutlivesTheServer() async throws {
        let folder = try TemporaryFolder()
        let data = DataFolder(folder.path)
        try data.prepare()
        let first = try RelaySecret.load(data).grants(for: [1], account: 2, expires: 3)
        #expect(try RelaySecret.load(data).grants(for: [1], account: 2, expires: 3) == first)
        var status = stat()
        #expect(stat(data.file("relay-key"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        try folder.write("relay-key", [1, 2, 3])
        #expect(throws: (any Error).self) { try RelaySecret.load(data) }
    }
}
