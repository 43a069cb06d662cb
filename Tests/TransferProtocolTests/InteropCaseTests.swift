import TestSupport
import Testing
import TransferProtocol
import TransferSimulator

/// The cases of quic-interop-runner, with its names and fault rates: each completes, byte for byte.
@Suite(.longComputation) struct InteropCaseTests {
    /// The runner's path: 10 Mbit/s, 15 ms each way, a queue of 25 datagrams.
    private static func path(loss: Double = 0, corrupt: Double = 0, burst: Int = 1) -> LinkModel {
        LinkModel(rate: 10e6, delay: .milliseconds(15), queue: 25 * 1500, loss: loss, burst: burst, corrupt: corrupt, mtu: 1500)
    }

    private static func complete(
        _ simulation: Simulation, size: Int, seed: UInt64, within seconds: Int64, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let file = Simulation.file(size: size, seed: seed)
        let connection = try simulation.send([file])
        #expect(
            simulation.runToEnd(within: .seconds(seconds)), "seed \(seed): \(connection.statistics)", sourceLocation: location)
        #expect(simulation.sender.outcome == .complete, "seed \(seed)", sourceLocation: location)
        #expect(simulation.receiver.received[0] ?? [] == file.bytes ?? [], "seed \(seed)", sourceLocation: location)
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func handshakeLoss(seed: UInt64) throws {
        try Self.complete(try Simulation(seed: seed, forward: Self.path(loss: 0.3, burst: 3)), size: 1024, seed: seed, within: 60)
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func handshakeCorruption(seed: UInt64) throws {
        try Self.complete(try Simulation(seed: seed, forward: Self.path(corrupt: 0.3, burst: 3)), size: 1024, seed: seed, within: 60)
    }

    @Test(arguments: 0..<5 as Range<UInt64>) func transferLoss(seed: UInt64) throws {
        try Self.complete(try Simulation(seed: seed, forward: Self.path(loss: 0.02, burst: 3)), size: 2 << 20, seed: seed, within: 10)
    }

    @Test(arguments: 0..<5 as Range<UInt64>) func transferCorruption(seed: UInt64) throws {
        try Self.complete(try Simulation(seed: seed, forward: Self.path(corrupt: 0.02)), size: 2 << 20, seed: seed, within: 10)
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func blackhole(seed: UInt64) throws {
        var model = Self.path()
        model.blackhole = (on: .seconds(Int64(5)), off: .seconds(Int64(2)))
        try Self.complete(try Simulation(seed: seed, forward: model), size: 10 << 20, seed: seed, within: 20)
    }

    /// Before the address of a hello's sender is proven, at most three times the bytes received are sent there.
    @Test func amplificationLimit() throws {
        let simulation = try Simulation(seed: 1, forward: Self.path())
        var (received, sent) = (0, 0)
        simulation.attacker = { datagram, toReceiver in
            if toReceiver { received += datagram.count } else { sent += datagram.count }
            return []
        }
        // An attacker who forges the sender's address does not see the answers.
        simulation.sender.receivesNothing = true
        try simulation.send([Simulation.file(size: 5000, seed: 1)])
        simulation.run(for: .seconds(Int64(30))) { simulation.sender.outcome != nil }
        #expect(simulation.sender.outcome == .failed(.unreachable))
        #expect(received > 10_000 && sent > 0 && sent <= 3 * received, "\(sent) for \(received)")
        #expect(simulation.receiver.established == 0)
        simulation.sender.receivesNothing = false
        simulation.attacker = nil
        simulation.sender.outcome = nil
        try Self.complete(simulation, size: 5000, seed: 1, within: 10)
    }

    @Test(arguments: [false, true]) func rebindPortAndAddress(host: Bool) throws {
        let simulation = try Simulation(seed: 2, forward: Self.path())
        simulation.rebindEvery = .seconds(Int64(1))
        simulation.rebindsHost = host
        try Self.complete(simulation, size: 10 << 20, seed: 2, within: 30)
    }

    @Test func longRTT() throws {
        var model = Self.path()
        model.delay = .milliseconds(375)
        model.queue = 1 << 20
        try Self.complete(try Simulation(seed: 3, forward: model), size: 1 << 20, seed: 3, within: 15)
    }

    /// Beside a CUBIC flow that began earlier.
    @Test func crossTraffic() throws {
        var cubic = TransferConfiguration()
        cubic.congestionControl = .cubic
        let simulation = try Simulation(seed: 4, forward: Self.path())
        let pair = try simulation.addPair(cubic, seed: 5)
        pair.receiver.expectsSyntheticContent = true
        let other = try simulation.send([.init(offer: FileOffer(name: "cross", size: 1 << 30), bytes: nil)], between: pair)
        simulation.run(for: .seconds(Int64(5))) { false }
        let before = other.statistics.bytesDone
        let start = simulation.now
        try Self.complete(simulation, size: 8 << 20, seed: 4, within: 30)
        // Neither flow starves.
        let rate = Double(other.statistics.bytesDone - before) * 8 / (simulation.now - start).inSeconds
        #expect(rate > 0.2 * 10e6, "the other flow had \(rate) bit/s")
    }
}
