import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// The frames that share one sealed packet.
@Suite(.longComputation) struct ControlPacketTests {
    /// Passes the receiver's next datagram to the sender.
    /// - Returns: its size; 0 if there is none.
    private static func carryOne(_ simulation: Simulation) -> Int {
        let (receiver, sender) = (simulation.receiver, simulation.sender)
        guard receiver.endpoint.nextDatagrams(into: &receiver.batch, at: simulation.now), let datagram = receiver.batch.datagrams().first
        else { return 0 }
        datagram.withUnsafeBytes {
            sender.endpoint.receive($0, segmentSize: $0.count, from: receiver.address, at: simulation.now)
        }
        sender.act(at: simulation.now)
        return datagram.count
    }

    /// After many distant gaps the ranges alone would fill the packet, and yet messages have room.
    @Test func acksLeaveRoomForMessages() throws {
        let simulation = try Simulation(seed: 1, forward: LinkModel(rate: 10e6))
        try simulation.send([Simulation.file(size: 3_000_000, seed: 1)])
        simulation.run(for: .seconds(Int64(1))) { false }
        let connection = try #require(simulation.receiver.endpoint.connections.first)
        for gap in UInt64(1)...300 {
            _ = connection.acks.received(1_000_000 + gap * 20_000, eliciting: true, authenticated: false, at: simulation.now)
        }
        connection.fail(0, .destinationFailed, "the disk is on fire")
        let size = Self.carryOne(simulation)
        #expect(simulation.sender.failures == [0: .destinationFailed], "in the first packet, of \(size) bytes")
        #expect(size > 500 && size <= 1200)
        #expect(connection.acks.hasPending == false)
    }

    @Test func rangesLeaveTheRoomThatIsAsked() throws {
        var ranges = AckRanges()
        for number in 0..<200 as Range<UInt64> { ranges.insert(number * 100_000) }
        withUnsafeTemporaryAllocation(byteCount: 1000, alignment: 8) { memory in
            var writer = WireWriter(memory)
            #expect(ranges.write(to: &writer, delay: 0, keeping: 700))
            #expect(writer.room >= 700 && writer.room < 730)
        }
    }

    /// A duplicate of a forgotten packet leaves nothing to acknowledge: no ACK frame without ranges, and no endless packets.
    @Test func nothingIsSaidOfNothing() throws {
        let simulation = try Simulation(seed: 2, forward: LinkModel(rate: 10e6))
        try simulation.send([Simulation.file(size: 1000, seed: 1)], ends: false)
        simulation.run(for: .seconds(Int64(1))) { false }
        let connection = try #require(simulation.receiver.endpoint.connections.first)
        connection.acks.setFrequency(every: 1, delay: 0, lowest: .max)
        while Self.carryOne(simulation) > 0 {}
        connection.acks = AckScheduler()
        connection.acks.setFrequency(every: 1, delay: 0, lowest: .max)
        _ = connection.acks.received(0, eliciting: true, authenticated: true, at: simulation.now)
        connection.acks.setFrequency(every: 1, delay: 0, lowest: .max)
        _ = Self.carryOne(simulation)
        #expect(Self.carryOne(simulation) == 0 && simulation.sender.outcome == nil)
    }

    /// A side that gives up a silent peer sends one close: if only the path to this side is broken, the peer need not wait too.
    @Test func aTimeOutIsTold() throws {
        let simulation = try Simulation(seed: 3, forward: LinkModel(rate: 10e6))
        try simulation.send([Simulation.file(size: 30_000_000, seed: 1)])
        simulation.run(for: .seconds(Int64(1))) { false }
        simulation.receiver.receivesNothing = true
        #expect(simulation.runToEnd(within: .seconds(Int64(61))))
        #expect(simulation.receiver.outcome == .failed(.timedOut))
        #expect(simulation.sender.outcome == .failed(.closedByPeer(.goingAway, "")))
    }
}
