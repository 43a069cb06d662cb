import Connectivity
import Testing
import TransferSimulator

@testable import TransferProtocol

/// Refusals and version negotiations are not authenticated: with several addresses, one that refuses does not stand for all.
@Suite struct HandshakeClaimTests {
    private static let stranger = NetworkAddress(ipv4: 0x7F00_0001, port: 7777)
    private static let silent = NetworkAddress(ipv4: 0x7F00_0001, port: 7778)

    private enum Claim: CaseIterable { case refusal, versions }

    private static func connect(_ simulation: Simulation, to addresses: [NetworkAddress]) throws -> TransferConnection {
        let (sender, receiver) = (simulation.sender, simulation.receiver)
        let connection = try sender.endpoint.connect(
            to: addresses, remoteKey: receiver.endpoint.publicKey, preSharedKey: Simulation.secret, at: simulation.now)
        let file = Simulation.file(size: 1000, seed: 1)
        sender.sources[connection.handle, default: [:]][connection.offer(file.offer)] = file
        connection.endOffers()
        return connection
    }

    private static func inject(_ claim: Claim, to connection: TransferConnection, from address: NetworkAddress, in simulation: Simulation) {
        var datagram = [claim == .refusal ? DatagramType.refusal.firstByte : DatagramType.versionNegotiation]
        datagram.appendInteger(connection.localID.value)
        if claim == .versions { datagram.append(5) }
        datagram.withUnsafeBytes {
            simulation.sender.endpoint.receive($0, segmentSize: $0.count, from: address, at: simulation.now)
        }
    }

    /// The receiver answers late, after the round at whose end a single refusal would count.
    @Test(arguments: Claim.allCases) private func aStrangerAtOneOfTheAddressesDoesNotEndIt(claim: Claim) throws {
        let simulation = try Simulation(seed: 1, forward: LinkModel(delay: .milliseconds(400)))
        let connection = try Self.connect(simulation, to: [Self.stranger, Simulation.receiverAddress])
        simulation.run(for: .milliseconds(1)) { false }
        Self.inject(claim, to: connection, from: Self.stranger, in: simulation)
        #expect(simulation.runToEnd(within: .seconds(Int64(10))))
        #expect(simulation.sender.outcome == .complete)
    }

    /// No hello was sent to that address.
    @Test(arguments: Claim.allCases) private func whatComesFromElsewhereIsNoClaim(claim: Claim) throws {
        let simulation = try Simulation(seed: 2, forward: LinkModel(delay: .milliseconds(400)))
        let connection = try Self.connect(simulation, to: [Simulation.receiverAddress])
        simulation.run(for: .milliseconds(1)) { false }
        Self.inject(claim, to: connection, from: Simulation.attackerAddress, in: simulation)
        #expect(simulation.runToEnd(within: .seconds(Int64(10))))
        #expect(simulation.sender.outcome == .complete)
    }

    @Test(arguments: Claim.allCases) private func whatAllSayIsBelievedSoon(claim: Claim) throws {
        let simulation = try Simulation(seed: 3)
        let connection = try Self.connect(simulation, to: [Self.stranger, Self.silent])
        simulation.run(for: .milliseconds(1)) { false }
        Self.inject(claim, to: connection, from: Self.stranger, in: simulation)
        Self.inject(claim, to: connection, from: Self.silent, in: simulation)
        #expect(simulation.run(for: .seconds(Int64(1))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .failed(claim == .refusal ? .refused : .unsupportedVersion([5])))
    }

    /// The other address never answers: when the connect timeout is over, the only claim is the outcome.
    @Test(arguments: Claim.allCases) private func whatOneSaysIsBelievedInTheEnd(claim: Claim) throws {
        let simulation = try Simulation(seed: 4)
        let connection = try Self.connect(simulation, to: [Self.stranger, Self.silent])
        simulation.run(for: .milliseconds(1)) { false }
        Self.inject(claim, to: connection, from: Self.stranger, in: simulation)
        let start = simulation.now
        #expect(simulation.run(for: .seconds(Int64(25))) { simulation.sender.outcome != nil })
        #expect(simulation.sender.outcome == .failed(claim == .refusal ? .refused : .unsupportedVersion([5])))
        #expect(simulation.now - start > .seconds(Int64(19)))
    }
}
