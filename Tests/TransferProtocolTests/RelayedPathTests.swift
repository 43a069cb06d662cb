import Connectivity
import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// A transfer that goes through a relay moves to a direct path when one is found, and back when it dies.
@Suite(.longComputation) struct RelayedPathTests {
    private static let rate = 2e6

    /// Starts a transfer through a relay.
    private func begin(seed: UInt64, size: Int = 20_000_000) throws -> (Simulation, TransferConnection, SimulatedHost.Source) {
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 20e6, delay: .milliseconds(20), queue: 400_000))
        let file = Simulation.file(size: size, seed: seed)
        let connection = try simulation.send([file], to: Simulation.relayed)
        connection.setRelay(Simulation.relayed, rate: Self.rate, at: simulation.now)
        simulation.dropsDirect = true
        simulation.run(for: .seconds(Int64(3))) { false }
        #expect(connection.isRelayed && connection.statistics.bytesDone > 0)
        return (simulation, connection, file)
    }

    private func finish(_ simulation: Simulation, _ file: SimulatedHost.Source) {
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete)
        let isSame = simulation.receiver.received[0] == file.bytes
        #expect(isSame)
    }

    @Test func theRelaysRateIsKept() throws {
        let (simulation, connection, _) = try begin(seed: 1)
        let before = connection.statistics.bytesSent
        simulation.run(for: .seconds(Int64(3))) { false }
        let rate = Double(connection.statistics.bytesSent - before) / 3
        #expect(rate > 0.85 * Self.rate && rate <= Self.rate, "\(rate)")
        #expect(connection.statistics.limit == .relay)
    }

    /// A relay passes on nothing longer than 1500 bytes, whatever the way to it carries.
    @Test func noDatagramIsTooLongForTheRelay() throws {
        var wide = LinkModel(rate: 20e6, delay: .milliseconds(5), queue: 4_000_000)
        wide.mtu = 65_535
        let simulation = try Simulation(seed: 7, forward: wide)
        let file = Simulation.file(size: 20_000_000, seed: 7)
        let connection = try simulation.send([file], to: Simulation.relayed)
        connection.setRelay(Simulation.relayed, rate: nil, at: simulation.now)
        finish(simulation, file)
        #expect(simulation.longestRelayed > 1400 && simulation.longestRelayed <= RelayDatagram.maximumPayload)
    }

    @Test(arguments: 1..<7 as Range<UInt64>) func itMovesToADirectPathThatIsFound(seed: UInt64) throws {
        let (simulation, connection, file) = try begin(seed: seed)
        let receiving = try #require(simulation.receiver.endpoint.connections.first)
        #expect(receiving.isRelayed)
        simulation.dropsDirect = false
        connection.propose(Simulation.receiverAddress, at: simulation.now)
        let start = simulation.now
        #expect(simulation.run(for: .seconds(Int64(1))) { !connection.isRelayed && !receiving.isRelayed })
        #expect((simulation.now - start).inSeconds < 0.5)
        // It stays there, although the receiver's last packets came through the relay.
        var wasRelayed = false
        simulation.run(for: .seconds(Int64(2))) {
            wasRelayed = wasRelayed || connection.isRelayed || receiving.isRelayed
            return false
        }
        #expect(!wasRelayed)
        finish(simulation, file)
    }

    /// A direct path that does not answer costs nothing: the transfer goes on through the relay.
    @Test func aPathThatIsNoneIsNotTaken() throws {
        let (simulation, connection, file) = try begin(seed: 2)
        let before = connection.statistics.bytesDone
        connection.propose(Simulation.receiverAddress, at: simulation.now)
        simulation.run(for: .seconds(Int64(3))) { false }
        #expect(connection.isRelayed && connection.paths.candidate == nil)
        #expect(Double(connection.statistics.bytesDone - before) > 2.4 * Self.rate)
        finish(simulation, file)
    }

    @Test(arguments: 1..<7 as Range<UInt64>) func itFallsBackToTheRelayWhenTheDirectPathDies(seed: UInt64) throws {
        let (simulation, connection, file) = try begin(seed: seed)
        simulation.dropsDirect = false
        connection.propose(Simulation.receiverAddress, at: simulation.now)
        simulation.run(for: .milliseconds(500 + Int64(seed) * 37)) { false }
        #expect(!connection.isRelayed)
        simulation.dropsDirect = true
        let (start, before) = (simulation.now, connection.statistics.bytesDone)
        #expect(simulation.run(for: .seconds(Int64(3))) { connection.isRelayed && connection.statistics.bytesDone > before + 200_000 })
        #expect((simulation.now - start).inSeconds < 2, "\((simulation.now - start).inSeconds)")
        // And once more the other way.
        simulation.dropsDirect = false
        connection.propose(Simulation.receiverAddress, at: simulation.now)
        #expect(simulation.run(for: .seconds(Int64(1))) { !connection.isRelayed })
        finish(simulation, file)
    }

    /// The relay is gone while a direct path is in use: nothing changes. Without a relay a dead path stays, until the peer is given up.
    @Test func aRelayThatIsGoneIsNotFallenBackTo() throws {
        let (simulation, connection, file) = try begin(seed: 3)
        simulation.dropsDirect = false
        connection.propose(Simulation.receiverAddress, at: simulation.now)
        simulation.run(for: .milliseconds(500)) { false }
        connection.setRelay(nil, rate: nil, at: simulation.now)
        simulation.dropsDirect = true
        simulation.dropsRelayed = true
        simulation.run(for: .seconds(Int64(5))) { false }
        #expect(!connection.isRelayed && connection.isSilent)
        simulation.dropsDirect = false
        finish(simulation, file)
    }

    /// A path of which both directions die at times, with a relay that loses much.
    @Test(arguments: 1..<7 as Range<UInt64>) func nothingIsLostWhileItMovesBackAndForth(seed: UInt64) throws {
        let (simulation, connection, file) = try begin(seed: seed, size: 30_000_000)
        for _ in 0..<6 {
            simulation.dropsDirect.toggle()
            connection.propose(Simulation.receiverAddress, at: simulation.now)
            simulation.run(for: .milliseconds(Int64(300 + 100 * seed))) { simulation.sender.outcome != nil }
        }
        simulation.dropsDirect = false
        finish(simulation, file)
    }
}
