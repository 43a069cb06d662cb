import Connectivity
import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// RFC 9000 §9.4: the fate of the old path's packets does not count for the new path, of which nothing is known.
@Suite(.longComputation) struct MigrationTests {
    typealias Control = TransferConfiguration.CongestionControl

    /// Moves the receiver to another address; datagrams in transit to the old one are lost.
    private func moveReceiver(_ simulation: Simulation) {
        let old = simulation.receiver.address
        simulation.receiver.address.low += 1
        simulation.receiver.endpoint.localAddressGone(LocalAddress(high: old.high, low: old.low))
    }

    /// Runs a transfer whose receiver moves to another network, until the sender has migrated there.
    private func migrate(_ control: Control, to model: LinkModel) throws -> (Simulation, TransferConnection) {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        let simulation = try Simulation(
            seed: 41, forward: LinkModel(rate: 50e6, delay: .milliseconds(50), queue: 1_200_000), configuration: configuration)
        simulation.receiver.expectsSyntheticContent = true
        let connection = try simulation.send(
            [.init(offer: FileOffer(name: "file", size: 160_000_000), bytes: nil)], ends: false)
        simulation.run(for: .seconds(Int64(4))) { false }
        #expect(connection.datagramSize > 1290 && connection.recovery.bytesInFlight > 100_000)
        moveReceiver(simulation)
        simulation.forward = SimulatedLink(model, seed: 42)
        simulation.back = SimulatedLink(model, seed: 43)
        simulation.receiver.endpoint.connections.first?.ping()
        let old = connection.peerAddress
        #expect(simulation.run(for: .seconds(Int64(2))) { connection.peerAddress != old })
        return (simulation, connection)
    }

    /// Losses on the old path do not end slow start on the new one.
    @Test(arguments: Control.allCases) func lossesOfTheOldPathDoNotEndSlowStart(control: Control) throws {
        let (simulation, connection) = try migrate(control, to: LinkModel(rate: 50e6, delay: .milliseconds(50), queue: 1_200_000))
        let before = connection.statistics.bytesDone
        let lost = connection.statistics.packetsLost
        // Until the losses of the old path are detected, and the window has doubled a few times.
        #expect(simulation.run(for: .seconds(Int64(2))) { connection.controller.window > 150_000 }, "\(connection.statistics)")
        #expect(connection.statistics.packetsLost > lost)
        #expect(connection.controller.isInSlowStart || control == .bbr)
        let start = simulation.now
        #expect(simulation.run(for: .seconds(Int64(10))) { connection.statistics.bytesDone > before + 16_000_000 })
        // 2.6 s at the path's rate; more than 10 s if the window grows by a datagram a round trip.
        #expect((simulation.now - start).inSeconds < 3.6, "\((simulation.now - start).inSeconds) s")
        #expect(simulation.receiver.bytesDamaged == 0)
    }

    /// The new path carries smaller datagrams only: data passes within two round trips, and the larger sizes are searched again.
    @Test(arguments: Control.allCases) func theSizeOfDatagramsBeginsAnew(control: Control) throws {
        var model = LinkModel(rate: 50e6, delay: .milliseconds(10), queue: 400_000)
        model.mtu = 1290
        let (simulation, connection) = try migrate(control, to: model)
        #expect(connection.datagramSize == 1200)
        let before = connection.statistics.bytesDone
        #expect(simulation.run(for: .milliseconds(60)) { connection.statistics.bytesDone > before }, "\(connection.statistics)")
        #expect(simulation.run(for: .seconds(Int64(5))) { connection.datagramSize == 1280 })
        simulation.run(for: .seconds(Int64(2))) { false }
        #expect(connection.datagramSize == 1280)
        #expect(simulation.receiver.bytesDamaged == 0)
    }

    /// The old path cleared the ECN bits; the new one preserves them.
    @Test func whatIsKnownOfECNBeginsAnew() throws {
        var erasing = LinkModel(rate: 10e6)
        erasing.erasesECN = true
        let simulation = try Simulation(seed: 44, forward: erasing)
        let connection = try simulation.send([Simulation.file(size: 8_000_000, seed: 44)])
        simulation.run(for: .seconds(Int64(1))) { false }
        #expect(connection.ecn.state == .failed)
        moveReceiver(simulation)
        simulation.forward = SimulatedLink(LinkModel(rate: 10e6), seed: 45)
        simulation.receiver.endpoint.connections.first?.ping()
        #expect(simulation.run(for: .seconds(Int64(3))) { connection.ecn.state == .capable }, "\(connection.ecn)")
        simulation.run(for: .seconds(Int64(1))) { false }
        #expect(connection.ecn.state == .capable)
        #expect(simulation.runToEnd(within: .seconds(Int64(30))))
        #expect(simulation.sender.outcome == .complete)
    }

    /// The peer has another port, as after a NAT rebinding: the network path is the same, and what is known of it holds.
    @Test func anotherPortIsNotAnotherPath() throws {
        let simulation = try Simulation(seed: 46, forward: LinkModel(rate: 10e6))
        let connection = try simulation.send([Simulation.file(size: 8_000_000, seed: 46)])
        simulation.run(for: .seconds(Int64(2))) { false }
        simulation.receiver.address.port += 1
        simulation.receiver.endpoint.connections.first?.ping()
        let old = connection.peerAddress
        #expect(simulation.run(for: .seconds(Int64(2))) { connection.peerAddress != old })
        #expect(connection.datagramSize == 1472 && connection.recovery.rtt.hasSample)
        #expect(simulation.runToEnd(within: .seconds(Int64(30))))
    }
}
