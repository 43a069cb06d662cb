import TestSupport
import Testing
import TransferSimulator

@testable import TransferIO
@testable import TransferProtocol

/// A receiver that places a file under another name than the offered one reports it, to senders that understand the message.
@Suite struct ChangedNameTests {
    private func transfer(_ name: String, toAnOldSender isOld: Bool) throws -> Simulation {
        let folder = try TemporaryFolder()
        let simulation = try Simulation(seed: 3, forward: LinkModel(rate: 50e6))
        simulation.receiver.openDestination = { try DestinationFileTests.destination(folder, $0.name, size: $0.size.map { Int($0) }) }
        try simulation.send([Simulation.file(name, size: 100_000, seed: 3)])
        #expect(simulation.run(for: .seconds(Int64(10))) { simulation.receiver.established == 1 })
        let receiving = try #require(simulation.receiver.endpoint.connections.first)
        #expect(receiving.peerAcceptsNames)
        if isOld { receiving.peerAcceptsNames = false }
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete)
        #expect(simulation.sender.delivered == [0])
        return simulation
    }

    @Test(arguments: [(".profile", "_profile"), ("a/.env", nil)]) func itIsSaid(name: String, told: String?) throws {
        #expect(try transfer(name, toAnOldSender: false).sender.names[0] == told)
    }

    @Test func anOlderSenderHearsNothingThatItCannotRead() throws {
        #expect(try transfer(".profile", toAnOldSender: true).sender.names.isEmpty)
    }

    /// A receiver that violates the protocol is closed.
    @Test(arguments: [FileID(0), 7]) func aNameForWhatWasNotSentEndsTheTransfer(file: FileID) throws {
        let simulation = try Simulation(seed: 4, forward: LinkModel(rate: 1e6))
        let sending = try simulation.send([Simulation.file(size: 1_000_000, seed: 4)])
        #expect(simulation.run(for: .seconds(Int64(10))) { simulation.receiver.established == 1 })
        sending.handle(.named(file, "x"))
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        guard case .failed(.protocolViolation) = simulation.sender.outcome else {
            Issue.record("\(String(describing: simulation.sender.outcome))")
            return
        }
    }
}
