import Connectivity
import NetworkIO
import Synchronization
import SystemSupport
import TestSupport
import TransferProtocol

@testable import TransferIO

/// A path on the loopback that loses, damages, duplicates and reorders datagrams in both directions, as determined by a seed.
final class BadPath: Sendable {
    struct Faults {
        var loss = 0.0
        var corrupt = 0.0
        var duplicate = 0.0
        /// The probability that a datagram is held until the next one has passed.
        var reorder = 0.0
        /// Whether a forged datagram from the client's address is sent to the server at 127.0.0.2 with every real one.
        var forges = false
    }

    let port: UInt16
    private let stopped = Atomic(false)
    /// The number of the server's datagrams that came from another address than its known one.
    private let elsewhere = Atomic(0)
    var fromElsewhere: Int { elsewhere.load(ordering: .acquiring) }

    private struct Relay {
        let front: UDPSocket
        let back: UDPSocket
    }

    init(to server: NetworkAddress, _ faults: Faults, seed: UInt64) throws {
        let relay = Relay(front: try UDPSocket(offload: false), back: try UDPSocket(offload: false))
        port = relay.front.port
        try BackgroundThread.start(name: "bad-path", relay) { [self] relay in
            var random = SeededGenerator(seed: seed)
            var client: NetworkAddress?
            var held: [UInt8]?
            func pass(_ datagram: [UInt8], from socket: UDPSocket, to address: NetworkAddress) {
                func chance(_ p: Double) -> Bool { Double.random(in: 0..<1, using: &random) < p }
                if chance(faults.loss) { return }
                var copy = datagram
                if chance(faults.corrupt) {
                    copy[Int.random(in: 0..<copy.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                }
                if held == nil, chance(faults.reorder) {
                    held = copy
                    return
                }
                for _ in 0..<(chance(faults.duplicate) ? 2 : 1) { Self.send(copy, socket, address) }
                if let late = held {
                    held = nil
                    Self.send(late, socket, address)
                }
            }
            while !stopped.load(ordering: .acquiring) {
                let forward = relay.front.receive { received in
                    client = received.from
                    pass(Array(received.bytes), from: relay.back, to: server)
                    // A hello names no connection of the server; it proves nothing and is answered at the address where it arrived.
                    if faults.forges, received.bytes[1..<9].contains(where: { $0 != 0 }) {
                        var forged = Array(received.bytes)
                        // Damages the packet number: the datagram reaches the connection and fails authentication.
                        forged[12] ^= 1
                        Self.send(forged, relay.back, NetworkAddress(ipv4: 0x7F00_0002, port: server.port))
                    }
                }
                let back = relay.back.receive { received in
                    if received.from != server { elsewhere.add(1, ordering: .acquiringAndReleasing) }
                    if let client { pass(Array(received.bytes), from: relay.front, to: client) }
                }
                if forward + back == 0 { relay.front.wait(for: .milliseconds(1), wakeUp: relay.back.descriptor) }
            }
        }
    }

    func stop() { stopped.store(true, ordering: .releasing) }

    static func send(_ datagram: [UInt8], _ socket: UDPSocket, _ address: NetworkAddress) {
        _ = datagram.withUnsafeBytes { socket.send($0, to: address) }
    }
}
