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
        #expect(connection.path.datagramSize > 1290 && connection.path.bytesInFlight > 100_000)
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
        #expect(simulation.run(for: .seconds(Int64(2))) { connection.path.controller.window > 150_000 }, "\(connection.statistics)")
        #expect(connection.statistics.packetsLost > lost)
        #expect(connection.path.controller.isInSlowStart || control == .bbr)
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
        #expect(connection.path.datagramSize == 1200)
        let before = connection.statistics.bytesDone
        #expect(simulation.run(for: .milliseconds(60)) { connection.statistics.bytesDone > before }, "\(connection.statistics)")
        #expect(simulation.run(for: .seconds(Int64(5))) { connection.path.datagramSize == 1280 })
        simulation.run(for: .seconds(Int64(2))) { false }
        #expect(connection.path.datagramSize == 1280)
        #expect(simulation.receiver.bytesDamaged == 0)
    }

    /// The old path cleared the ECN bits; the new one preserves them.
    @Test func whatIsKnownOfECNBeginsAnew() throws {
        var erasing = LinkModel(rate: 10e6)
        erasing.erasesECN = true
        let simulation = try Simulation(seed: 44, forward: erasing)
        let connection = try simulation.send([Simulation.file(size: 8_000_000, seed: 44)])
        simulation.run(for: .seconds(Int64(1))) { false }
        #expect(connection.path.ecn.state == .failed)
        moveReceiver(simulation)
        simulation.forward = SimulatedLink(LinkModel(rate: 10e6), seed: 45)
        simulation.receiver.endpoint.connections.first?.ping()
        #expect(simulation.run(for: .seconds(Int64(3))) { connection.path.ecn.state == .capable }, "\(connection.path.ecn)")
        simulation.run(for: .seconds(Int64(1))) { false }
        #expect(connection.path.ecn.state == .capable)
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
        #expect(connection.path.datagramSize == 1472 && connection.path.rtt.hasSample)
        #expect(simulation.runToEnd(within: .seconds(Int64(30))))
    }

    /// Packets of the old path that arrive after newer ones, from an address that still answers, do not move the connection back.
    @Test(arguments: 1..<6 as Range<UInt64>) func aLatePacketOfTheOldPathMovesNothing(seed: UInt64) throws {
        let long = LinkModel(rate: 20e6, delay: .milliseconds(150), queue: 1_000_000)
        let simulation = try Simulation(seed: seed, forward: long)
        let connection = try simulation.send([Simulation.file(size: 30_000_000, seed: seed)])
        simulation.run(for: .seconds(Int64(3))) { false }
        let receiving = try #require(simulation.receiver.endpoint.connections.first)
        simulation.sender.aliases = [simulation.sender.address]
        simulation.sender.address.low += 1
        // The new path is much shorter: what is under way on the old one arrives later.
        simulation.forward = SimulatedLink(LinkModel(rate: 20e6, delay: .milliseconds(2), queue: 1_000_000), seed: seed)
        var addresses: [NetworkAddress] = [receiving.peerAddress]
        simulation.run(for: .seconds(Int64(4))) {
            if receiving.peerAddress != addresses.last { addresses.append(receiving.peerAddress) }
            return false
        }
        #expect(addresses == [simulation.sender.aliases[0], simulation.sender.address])
        #expect(receiving.paths.candidate == nil && connection.paths.former.count == 1)
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete)
    }

    /// Both sides change their network at once, and the old address of one still receives for a while.
    @Test(arguments: 1..<9 as Range<UInt64>) func bothSidesMoveAtOnce(seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 20e6, loss: seed.isMultiple(of: 2) ? 0.05 : 0))
        let file = Simulation.file(size: 12_000_000, seed: seed)
        let connection = try simulation.send([file])
        simulation.run(for: .seconds(Int64(2))) { false }
        let old = simulation.sender.address
        moveReceiver(simulation)
        simulation.sender.address.low += 2
        simulation.sender.aliases = [old]
        let receiving = try #require(simulation.receiver.endpoint.connections.first)
        let hasMoved = simulation.run(for: .seconds(Int64(3))) {
            connection.peerAddress == simulation.receiver.address && receiving.peerAddress == simulation.sender.address
        }
        #expect(hasMoved, "\(connection.peerAddress) \(receiving.peerAddress)")
        simulation.sender.aliases = []
        #expect(simulation.runToEnd(within: .seconds(Int64(30))))
        #expect(simulation.sender.outcome == .complete)
        let isSame = simulation.receiver.received[0] == file.bytes
        #expect(isSame)
        #expect(simulation.longestStall < 50)
    }

    /// Changes the receiver's network in a transfer whose sender is not told: data passes again within three seconds, and the file arrives.
    private func isFoundAgain(seed: UInt64, after change: (SimulatedHost) -> Void) throws {
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 20e6, delay: .milliseconds(20), queue: 200_000))
        let file = Simulation.file(size: 20_000_000, seed: seed)
        let connection = try simulation.send([file])
        simulation.run(for: .seconds(Int64(2))) { false }
        change(simulation.receiver)
        let before = connection.statistics.bytesDone
        #expect(simulation.run(for: .seconds(Int64(3))) { connection.statistics.bytesDone > before + 200_000 }, "\(connection.statistics)")
        #expect(simulation.runToEnd(within: .seconds(Int64(30))))
        #expect(simulation.sender.outcome == .complete)
        let isSame = simulation.receiver.received[0] == file.bytes
        #expect(isSame)
        #expect(simulation.longestStall < 50)
    }

    /// A receiver whose address changes without its knowledge, as behind a router that restarts: the sender's datagrams go nowhere until
    /// something of the receiver arrives.
    @Test(arguments: 1..<6 as Range<UInt64>) func aReceiverThatMovesUnawaresIsFoundWithinThreeSeconds(seed: UInt64) throws {
        try isFoundAgain(seed: seed) { receiver in
            let old = receiver.address
            receiver.address.port += 1
            receiver.address.low += 1
            receiver.endpoint.localAddressGone(LocalAddress(high: old.high, low: old.low))
        }
    }

    /// The receiver's address stays on an interface whose link is dead: what is sent from it goes nowhere.
    @Test(arguments: 1..<6 as Range<UInt64>) func anAddressOnADeadInterfaceIsGivenUp(seed: UInt64) throws {
        try isFoundAgain(seed: seed) { receiver in
            receiver.deadAddress = receiver.address
            receiver.address.low += 1
        }
    }

    /// The sender changes its network: what is known of the old path is not taken for the new one.
    @Test(arguments: Control.allCases) func theSendersOwnMoveBeginsAnewToo(control: Control) throws {
        var configuration = TransferConfiguration()
        configuration.congestionControl = control
        let simulation = try Simulation(
            seed: 47, forward: LinkModel(rate: 50e6, delay: .milliseconds(20), queue: 500_000), configuration: configuration)
        simulation.receiver.expectsSyntheticContent = true
        let connection = try simulation.send([.init(offer: FileOffer(name: "file", size: 40_000_000), bytes: nil)])
        simulation.run(for: .seconds(Int64(2))) { false }
        let before = connection.path
        #expect(before.datagramSize >= 1472)
        simulation.sender.address.low += 3
        var narrow = LinkModel(rate: 10e6, delay: .milliseconds(40), queue: 100_000)
        narrow.mtu = 1300
        simulation.forward = SimulatedLink(narrow, seed: 48)
        #expect(simulation.run(for: .seconds(Int64(4))) { connection.path !== before }, "\(connection.statistics)")
        #expect(connection.path.datagramSize == 1200 && connection.path.rtt.minimum >= .milliseconds(60))
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete && simulation.receiver.bytesDamaged == 0)
    }

    /// A source that pauses makes the sender as quiet: the receiver asks less and less often.
    @Test func aPausedSourceIsNotAskedAgainAndAgain() throws {
        let simulation = try Simulation(seed: 49, forward: LinkModel(rate: 20e6))
        let connection = try simulation.send([Simulation.file(size: 4_000_000, seed: 49)])
        simulation.run(for: .milliseconds(500)) { false }
        simulation.sender.sourceSilentUntil = simulation.now + .seconds(Int64(40))
        simulation.run(for: .seconds(Int64(2))) { false }
        let before = connection.statistics.packetsReceived
        simulation.run(for: .seconds(Int64(36))) { false }
        #expect(connection.statistics.packetsReceived - before < 20, "\(connection.statistics.packetsReceived - before)")
        #expect(simulation.runToEnd(within: .seconds(Int64(30))))
        #expect(simulation.sender.outcome == .complete)
    }
}
