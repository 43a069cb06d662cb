import Connectivity
import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// Many idle connections, from one host and from several, and one that wants to send.
@Suite(.longComputation) struct AdmissionTests {
    /// Connections that offer nothing, each at an address of its own.
    private final class Crowd {
        let simulation: Simulation
        private let endpoint: TransferEndpoint
        private var addresses: [UInt64: NetworkAddress] = [:]
        private var members: [TransferConnection] = []
        private var batch = DatagramBatch()

        init(_ simulation: Simulation) throws {
            self.simulation = simulation
            endpoint = TransferEndpoint(
                staticKey: try NoiseKeyPair(privateBytes: [UInt8](repeating: 9, count: 32)), random: SeededGenerator(seed: 9))
        }

        func join(_ count: Int, hosts: Int) throws {
            for index in 0..<count {
                let member = try endpoint.connect(
                    to: [Simulation.receiverAddress], remoteKey: simulation.receiver.endpoint.publicKey, preSharedKey: Simulation.secret,
                    at: simulation.now)
                members.append(member)
                addresses[member.localID.value] = NetworkAddress(ipv4: 0x0A00_0000 + UInt32(index % hosts), port: UInt16(1000 + index))
            }
        }

        /// Exchanges all datagrams between the crowd and the receiver.
        /// - Parameter completing: whether replies get through.
        func exchange(completing: Bool) {
            let receiver = simulation.receiver
            for _ in 0..<8 {
                while endpoint.nextDatagrams(into: &batch, at: simulation.now) {
                    for datagram in batch.datagrams() {
                        let at = datagram[0] == DatagramType.hello.firstByte ? 9 : 1
                        let id = datagram[at..<at + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                        let member = members.first { ($0.phase == .handshaking ? $0.localID : $0.remoteID).value == id }
                        guard let member, let from = addresses[member.localID.value] else { continue }
                        datagram.withUnsafeBytes {
                            receiver.endpoint.receive($0, segmentSize: $0.count, from: from, at: simulation.now)
                        }
                    }
                }
                receiver.act(at: simulation.now)
                while receiver.endpoint.nextDatagrams(into: &receiver.batch, at: simulation.now) {
                    for datagram in receiver.batch.datagrams() where completing || datagram[0] != DatagramType.reply.firstByte {
                        datagram.withUnsafeBytes {
                            endpoint.receive($0, segmentSize: $0.count, from: Simulation.receiverAddress, at: simulation.now)
                        }
                    }
                }
                while endpoint.nextEvent() != nil {}
            }
        }
    }

    /// Handshakes that are begun and never completed.
    @Test(arguments: [1, 50]) func halfOpenOnesDoNotKeepOut(hosts: Int) throws {
        let simulation = try Simulation(seed: 1)
        let crowd = try Crowd(simulation)
        try crowd.join(400, hosts: hosts)
        crowd.exchange(completing: false)
        let configuration = simulation.receiver.endpoint.configuration
        let halfOpen = simulation.receiver.endpoint.connections.count
        #expect(halfOpen == (hosts == 1 ? configuration.halfOpenPerHost : configuration.halfOpenConnections))
        let file = Simulation.file(size: 100_000, seed: 1)
        try simulation.send([file])
        // Long before they time out.
        #expect(simulation.run(for: .seconds(Int64(3))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes)
    }

    /// Established connections that offer nothing.
    @Test(arguments: [1, 50]) func idleOnesDoNotKeepOut(hosts: Int) throws {
        let simulation = try Simulation(seed: 2)
        let crowd = try Crowd(simulation)
        for _ in 0..<8 {
            try crowd.join(50, hosts: hosts)
            crowd.exchange(completing: true)
        }
        let configuration = simulation.receiver.endpoint.configuration
        let connected = simulation.receiver.endpoint.connections.count
        #expect(connected == (hosts == 1 ? configuration.connectionsPerHost : configuration.maximumConnections))
        let file = Simulation.file(size: 100_000, seed: 2)
        try simulation.send([file])
        #expect(simulation.run(for: .seconds(Int64(3))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes)
    }

    /// A transfer in progress is not evicted.
    @Test func aTransferUnderWayStays() throws {
        let simulation = try Simulation(seed: 3, forward: LinkModel(rate: 10e6))
        let file = Simulation.file(size: 2_000_000, seed: 3)
        try simulation.send([file])
        simulation.run(for: .milliseconds(500)) { false }
        let crowd = try Crowd(simulation)
        for _ in 0..<4 {
            try crowd.join(50, hosts: 20)
            crowd.exchange(completing: true)
        }
        #expect(simulation.run(for: .seconds(Int64(5))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes)
    }
}
