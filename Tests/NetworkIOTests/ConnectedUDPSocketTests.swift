import Connectivity
import NetworkIO
import TestSupport
import Testing

@Suite struct ConnectedUDPSocketTests {
    private static func loopback(_ port: UInt16) -> NetworkAddress { NetworkAddress(ipv4: 0x7F00_0001, port: port) }

    @Test func datagramsOfThePeerArrive() async throws {
        let peer = try UDPSocket()
        let socket = try #require(ConnectedUDPSocket(to: Self.loopback(peer.port)))
        #expect(socket.isConnected)
        let own = try #require(socket.localAddress)
        #expect(own.ipv4 == 0x7F00_0001 && own.port != 0)
        let stranger = try UDPSocket()
        _ = [UInt8(9)].withUnsafeBytes { stranger.send($0, to: own) }
        _ = [UInt8(1), 2, 3].withUnsafeBytes { peer.send($0, to: own) }
        var buffer = [UInt8](repeating: 0, count: 16)
        var reception = ConnectedUDPSocket.Reception.nothing
        try await eventually {
            reception = buffer.withUnsafeMutableBytes { socket.receive(into: $0) }
            return reception != .nothing
        }
        // The stranger's came first.
        #expect(reception == .datagram(3) && buffer.prefix(3) == [1, 2, 3])
    }

    @Test func aClosedPortIsReported() async throws {
        var peer: UDPSocket? = try UDPSocket()
        let port = try #require(peer?.port)
        peer = nil
        let socket = try #require(ConnectedUDPSocket(to: Self.loopback(port)))
        var byte: UInt8 = 0
        try await eventually {
            let isOpen = withUnsafeBytes(of: byte) { socket.send($0) }
            return !isOpen || withUnsafeMutableBytes(of: &byte) { socket.receive(into: $0) } == .refused
        }
    }
}
