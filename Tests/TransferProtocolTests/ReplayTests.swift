import Connectivity
import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// Copies of the peer's authentic datagrams, replayed by an attacker.
@Suite(.longComputation) struct ReplayTests {
    private static func sealedOnes(_ simulation: Simulation, into captured: @escaping ([UInt8]) -> Void) {
        simulation.attacker = { datagram, toReceiver in
            if toReceiver, datagram[0] == DatagramType.sealed.firstByte { captured(datagram) }
            return []
        }
    }

    private static func inject(_ datagram: [UInt8], from address: NetworkAddress, into simulation: Simulation) {
        datagram.withUnsafeBytes {
            simulation.receiver.endpoint.receive($0, segmentSize: $0.count, from: address, at: simulation.now)
        }
    }

    /// The sender is gone; one of its packets, replayed every second, does not keep its connection alive.
    @Test(arguments: [true, false]) func aReplayedPacketKeepsNothingAlive(fromItsAddress: Bool) throws {
        let simulation = try Simulation(seed: 1, forward: LinkModel(rate: 10e6))
        var captured: [UInt8] = []
        Self.sealedOnes(simulation) { captured = $0 }
        try simulation.send([Simulation.file(size: 3_000_000, seed: 1)])
        simulation.run(for: .seconds(Int64(1))) { false }
        simulation.sender.stopsAnswering = true
        try #require(!captured.isEmpty)
        let start = simulation.now
        while simulation.receiver.outcome == nil, simulation.now - start < .seconds(Int64(120)) {
            Self.inject(captured, from: fromItsAddress ? simulation.sender.address : Simulation.attackerAddress, into: simulation)
            simulation.run(for: .seconds(Int64(1))) { simulation.receiver.outcome != nil }
        }
        #expect(simulation.receiver.outcome == .failed(.timedOut))
        #expect(simulation.now - start <= .seconds(Int64(62)))
        #expect(simulation.attackerBytes.received == 0, "nothing is said to the stranger's address")
    }

    /// With more gaps than are remembered, a forgotten number is not new when it is repeated.
    @Test func whatWasForgottenIsNotNew() {
        var acks = AckScheduler()
        let now = TransferInstant(nanoseconds: 1)
        for number in stride(from: UInt64(0), to: 1200, by: 2) {
            #expect(!acks.isRepeated(number))
            _ = acks.received(number, eliciting: true, authenticated: true, at: now)
        }
        for number in UInt64(0)..<1200 {
            let isLate = number >= 1200 - 2 * UInt64(AckRanges.capacity) && !number.isMultiple(of: 2)
            #expect(acks.isRepeated(number) == !isLate, "\(number)")
        }
        // A packet that fills a gap below the lowest remembered number is rejected, because it could not be remembered.
        #expect(!acks.received(1, eliciting: true, authenticated: true, at: now) && acks.isRepeated(1))
    }

    /// All sealed packets of a transfer over a very lossy path, replayed at its end: no file fails, and no message acts twice.
    @Test(arguments: 0..<4 as Range<UInt64>) func aWholeTransferReplayed(seed: UInt64) throws {
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 20e6, loss: 0.3))
        var captured: [[UInt8]] = []
        Self.sealedOnes(simulation) { captured.append($0) }
        let file = Simulation.file(size: 4_000_000, seed: seed)
        try simulation.send([file], ends: false)
        #expect(simulation.run(for: .seconds(Int64(60))) { simulation.sender.delivered == [0] }, "seed \(seed)")
        let before = simulation.receiver.endpoint.connections.first?.statistics
        for datagram in captured { Self.inject(datagram, from: simulation.sender.address, into: simulation) }
        simulation.run(for: .seconds(Int64(1))) { false }
        #expect(simulation.receiver.outcome == nil && simulation.receiver.received[0] == file.bytes, "seed \(seed)")
        #expect(simulation.receiver.endpoint.connections.first?.statistics.bytesDone == before?.bytesDone, "seed \(seed)")
    }
}
