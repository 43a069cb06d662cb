import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// Invalid bytes, for everything that decodes bytes: nothing crashes, and nothing accepts them.
@Suite(.longComputation) struct FuzzTests {
    private static func noise(_ random: inout SeededGenerator, _ limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in
            // Small and boundary values make better frames than uniform noise.
            Bool.random(using: &random)
                ? UInt8.random(in: 0...255, using: &random)
                : [0, 1, 2, 5, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFF].randomElement(using: &random)!
        }
    }

    private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var copy = bytes
        switch Int.random(in: 0..<6, using: &random) {
        case 0: copy.removeLast(Int.random(in: 0...copy.count, using: &random))
        case 1: copy += noise(&random, 50)
        case 2: if !copy.isEmpty { copy[0] = UInt8.random(in: 0x80...0xFF, using: &random) }
        case 3: copy = Array(copy.prefix(9)) + noise(&random, 1300)
        default:
            for _ in 0..<Int.random(in: 1...8, using: &random) where !copy.isEmpty {
                copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return copy
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func decodersTakeAnyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ranges: [ClosedRange<UInt64>] = []
        var failed: [UInt64] = []
        let key = SipHash(key: Array(0..<16))
        let valid = [
            Message.offer(1, FileOffer(name: "film", size: 77)).encoded,
            Message.answer(1, .accept(held: [HeldRange(range: 4..<10, digest: Array(0..<32))])).encoded,
            Message.failed(3, .sourceChanged, "it changed").encoded, TransportParameters(connection: ConnectionID(5)).encoded,
        ]
        for _ in 0..<2000 {
            let bytes = Bool.random(using: &random) ? Self.noise(&random, 200) : Self.mutated(valid.randomElement(using: &random)!, &random)
            bytes.withUnsafeBytes { memory in
                var reader = WireReader(memory)
                while !reader.isAtEnd, (try? Frame.read(from: &reader, ranges: &ranges, failed: &failed)) != nil {
                    for range in ranges { #expect(range.lowerBound <= range.upperBound) }
                }
                var position = 0
                while (try? Message.next(in: memory, at: &position)) != nil, position < memory.count {}
                #expect(position <= memory.count)
                _ = try? HelloDatagram(memory)
                _ = try? ReplyDatagram(memory)
                #expect(SegmentHeader(memory, key: key) == nil || memory.count > SegmentHeader.length)
                var at = 0
                while at < memory.count, let chunk = try? RecordFormat.chunk(in: memory, at: at) { at = chunk.range.upperBound }
            }
            _ = try? TransportParameters(decoding: bytes)
        }
    }

    @Test func anEndpointTakesAnyDatagram() throws {
        var random = SeededGenerator(seed: 3)
        let simulation = try Simulation(seed: 3)
        try simulation.send([Simulation.file(size: 1000, seed: 3)])
        for _ in 0..<5000 {
            var bytes = Self.noise(&random, 1300)
            if !bytes.isEmpty { bytes[0] = 0x90 | bytes[0] & 0x0F }
            bytes.withUnsafeBytes {
                simulation.receiver.endpoint.receive(
                    $0, segmentSize: max(1, $0.count / 2), from: Simulation.attackerAddress, at: simulation.now)
                simulation.sender.endpoint.receive($0, segmentSize: max(1, $0.count), from: Simulation.attackerAddress, at: simulation.now)
            }
        }
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete)
    }

    /// An attacker on the path injects damaged copies of everything, from its own address.
    @Test(arguments: 0..<6 as Range<UInt64>) func forgedCopiesHarmNobody(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 50e6))
        simulation.attacker = { datagram, _ in
            (0..<2).map { _ in Self.mutated(datagram, &random) }
        }
        let file = Simulation.file(size: 300_000, seed: seed)
        try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(120))), "seed \(seed)")
        #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete, "seed \(seed)")
        #expect(simulation.receiver.received[0] == file.bytes, "seed \(seed)")
    }

    /// Replayed datagrams of the peer, from any address, change nothing.
    @Test func replaysHarmNobody() throws {
        var random = SeededGenerator(seed: 9)
        var seen: [Bool: [[UInt8]]] = [:]
        let simulation = try Simulation(seed: 9, forward: LinkModel(rate: 50e6))
        simulation.attacker = { datagram, toReceiver in
            seen[toReceiver, default: []].append(datagram)
            return [seen[toReceiver]!.randomElement(using: &random)!]
        }
        let file = Simulation.file(size: 300_000, seed: 9)
        try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(120))))
        #expect(simulation.sender.outcome == .complete && simulation.receiver.outcome == .complete)
        #expect(simulation.receiver.received[0] == file.bytes)
    }

    /// A malicious peer with the keys: its packets authenticate and have any content, and its messages are read from the stream.
    @Test(arguments: 0..<60 as Range<UInt64>) func aPeerThatLiesIsAtWorstClosed(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 20e6))
        let file = Simulation.file(size: 400_000, seed: seed)
        if seed % 3 == 0 { simulation.receiver.parts = [file.offer.name: Array(try #require(file.bytes).prefix(100_000))] }
        // Messages after the end of the offers are never accepted, so some lies precede it.
        let connection = try simulation.send([file], ends: seed % 4 < 2)
        simulation.run(for: .milliseconds(120)) { false }
        let other = try #require(simulation.receiver.endpoint.connections.first)
        let toReceiver = seed % 2 == 0
        let (liar, victim) = toReceiver ? (connection, simulation.receiver) : (other, simulation.sender)
        var number: UInt64 = 1 << 20
        for _ in 0..<40 {
            if Bool.random(using: &random) {
                liar.queue(Self.lie(&random))
            } else {
                let datagram = try #require(Self.packet(Self.frames(&random), of: liar, number: number))
                number += 1
                datagram.withUnsafeBytes {
                    victim.endpoint.receive(
                        $0, segmentSize: $0.count, from: toReceiver ? simulation.sender.address : simulation.receiver.address,
                        at: simulation.now)
                }
            }
            simulation.run(for: .milliseconds(2)) { false }
        }
        connection.endOffers()
        simulation.run(for: .seconds(Int64(200))) { simulation.sender.outcome != nil && simulation.receiver.outcome != nil }
        // The connection has ended, no incomplete file was placed, and none counts as delivered before it was read.
        #expect(victim.outcome != nil, "seed \(seed)")
        for placed in simulation.receiver.placed {
            #expect(placed == 0 && simulation.receiver.received[0] == file.bytes, "seed \(seed), file \(placed)")
        }
        if simulation.sender.delivered.contains(0) { #expect(connection.outgoing[0]?.ranges.isEmpty == true, "seed \(seed)") }
        #expect(simulation.sender.delivered.isSubset(of: [0]), "seed \(seed)")
    }

    private static func lie(_ random: inout SeededGenerator) -> Message {
        let file = FileID.random(in: 0...2, using: &random)
        let size = [0, 1, 400_000, UInt64.random(in: 0...1 << 40, using: &random)].randomElement(using: &random)!
        let lies: [Message] = [
            .offer(file, FileOffer(name: "x", size: Varint.max)), .endOfOffers, .end(file, size: size), .keep(file, [1..<4]),
            .keep(file, [0..<65_536]), .answer(file, .accept(held: [])),
            .answer(file, .accept(held: [HeldRange(range: 0..<400_000, digest: [UInt8](repeating: 0, count: 32))])),
            .answer(file, .decline(.exists)), .done(file), .paused(true), .failed(file, .cancelled, "no"),
        ]
        return lies.randomElement(using: &random)!
    }

    private static func frames(_ random: inout SeededGenerator) -> [UInt8] {
        var frames: [UInt8] = []
        switch Int.random(in: 0..<3, using: &random) {
        case 0: frames = noise(&random, 300)
        case 1:
            // Well-formed frames with absurd numbers.
            frames = [[Frame.Kind.ack, .window, .ackRate, .failedRecords].randomElement(using: &random)!.rawValue]
            for _ in 0..<6 { frames.appendVarint([0, 1, 5, 1 << 31, 1 << 40, Varint.max].randomElement(using: &random)!) }
        default:
            // A message at any offset of the stream.
            let bytes = lie(&random).encoded
            frames = [Frame.Kind.stream.rawValue]
            frames.appendVarint(UInt64.random(in: 0...300, using: &random))
            frames.appendVarint(UInt64(bytes.count))
            frames += bytes
        }
        return frames
    }

    /// A sealed packet of `liar`.
    private static func packet(_ frames: [UInt8], of liar: TransferConnection, number: UInt64) -> [UInt8]? {
        var datagram = [UInt8](repeating: 0, count: frames.count + SealedPacket.overhead)
        let sealed: Int? = datagram.withUnsafeMutableBytes { memory in
            SealedPacket.writeHeader(memory, connection: liar.remoteID, number: number)
            UnsafeMutableRawBufferPointer(rebasing: memory[SealedPacket.headerLength...]).copyBytes(from: frames)
            return SealedPacket.seal(memory, frames: frames.count, number: number, with: &liar.keys!.sealControl)
        }
        return sealed == datagram.count ? datagram : nil
    }
}
