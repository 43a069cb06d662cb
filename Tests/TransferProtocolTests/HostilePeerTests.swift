import Connectivity
import TestSupport
import Testing
import TransferSimulator

@testable import TransferProtocol

/// The resources that a peer with the keys, or an attacker who sees every datagram, can consume: bounded memory, bounded time, and at most
/// three bytes for one.
@Suite(.longComputation) struct HostilePeerTests {
    private static let address = NetworkAddress(ipv4: 0x7F00_0001, port: 5000)

    /// Every second byte of the control stream, so that each leaves a gap.
    @Test func gapsInTheControlStreamEndTheConnection() {
        var stream = ControlStreamReceiver()
        var pieces = 0
        var failed = false
        for offset in stride(from: UInt64(1), to: ControlStreamReceiver.maximumAhead, by: 2) {
            do throws(WireError) {
                try Self.receive(&stream, offset, [0])
                pieces += 1
            } catch {
                failed = true
                break
            }
        }
        #expect(failed && pieces <= 4096, "\(pieces) pieces were kept")
    }

    /// Overlapping pieces, each one byte longer than the one before: the bytes kept stay within the bound.
    @Test func overlappingPiecesOfTheControlStreamEndTheConnection() {
        var stream = ControlStreamReceiver()
        var bytes = 0
        var failed = false
        for step in 0..<4000 {
            do throws(WireError) {
                try Self.receive(&stream, UInt64(2 + 2 * step), [UInt8](repeating: 0, count: 1000 + 3 * step))
                bytes += 1000 + 3 * step
            } catch {
                failed = true
                break
            }
        }
        #expect(failed && bytes <= 2 * Int(ControlStreamReceiver.maximumAhead), "\(bytes) bytes were kept")
    }

    @Test func whatLiesFarAheadInTheControlStreamIsNotKept() {
        var stream = ControlStreamReceiver()
        #expect(throws: WireError.self) { try Self.receive(&stream, ControlStreamReceiver.maximumAhead, [0]) }
    }

    private static func receive(_ stream: inout ControlStreamReceiver, _ offset: UInt64, _ bytes: [UInt8]) throws(WireError) {
        let result: Result<Void, WireError> = bytes.withUnsafeBytes { memory in
            do throws(WireError) { return .success(try stream.receive(offset: offset, bytes: memory)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Only a piece that ends the record may be short: single bytes that all claim to, with gaps between them.
    @Test func tinyPiecesOfARecordAreNotCollected() {
        var receiver = RecordReceiver(window: 4, pool: RecordPool(limit: 16))
        receiver.begin()
        let byte: [UInt8] = [1]
        byte.withUnsafeBytes { piece in
            for offset in stride(from: 2, to: RecordFormat.sealedSize - 2, by: 2) {
                _ = receiver.insert(piece, record: 0, offset: offset, endsRecord: true, fromSealed: true)
            }
            #expect(receiver.piecesKept(of: 0) <= RecordFormat.maximumSegments)
            // Without the flag none is kept.
            for offset in stride(from: 2, to: RecordFormat.sealedSize - 2, by: 2) {
                _ = receiver.insert(piece, record: 1, offset: offset, endsRecord: false, fromSealed: true)
            }
            #expect(receiver.piecesKept(of: 1) == 0)
        }
        // The record is still completed when it is sent properly.
        let whole = [UInt8](repeating: 7, count: RecordFormat.sealedSize)
        whole.withUnsafeBytes {
            #expect(receiver.insert($0, record: 0, offset: 0, endsRecord: false, fromSealed: true).0 == .complete)
        }
    }

    /// Records beyond the window, and pieces that begin beyond a record's end, use no memory.
    @Test func recordsBeyondTheWindowAreNotCollected() {
        var receiver = RecordReceiver(window: 4, pool: RecordPool(limit: 16))
        receiver.begin()
        let bytes = [UInt8](repeating: 7, count: 1000)
        bytes.withUnsafeBytes { piece in
            for record in UInt32(4)..<2000 {
                #expect(receiver.insert(piece, record: record, offset: 0, endsRecord: false, fromSealed: true).0 == .pending)
            }
            _ = receiver.insert(piece, record: 0, offset: 1 << 20, endsRecord: true, fromSealed: true)
            for record in UInt64(0)..<4 { #expect(receiver.piecesKept(of: record) == 0) }
        }
    }

    /// Pieces that arrive before any offer use no memory, however many, and of however many records.
    @Test func nothingIsCollectedBeforeAFileIsTaken() {
        let pool = RecordPool(limit: 2048)
        var receiver = RecordReceiver(window: 1024, pool: pool)
        Self.sendAPieceOfEachRecord(to: &receiver)
        #expect(pool.slotsMade == 0 && receiver.limit == 0)
        receiver.begin()
        Self.sendAPieceOfEachRecord(to: &receiver)
        #expect(pool.slotsMade == 1024)
        receiver.end()
        #expect(pool.reserved == 0)
    }

    /// A piece of each record that may be sent, on many connections: they share the endpoint's memory.
    @Test func manyConnectionsShareOneBudget() {
        let pool = RecordPool(limit: 2048)
        var receivers = (0..<64).map { _ in RecordReceiver(window: 1024, pool: pool) }
        for index in receivers.indices {
            receivers[index].begin()
            Self.sendAPieceOfEachRecord(to: &receivers[index])
            #expect(receivers[index].credit > 0, "connection \(index) has its share")
        }
        #expect(pool.slotsMade <= 2048 + 64)
        for index in receivers.indices { receivers[index].end() }
        #expect(pool.reserved == 0)
        // And again, with the same memory.
        var last = RecordReceiver(window: 1024, pool: pool)
        last.begin()
        #expect(last.credit == 1024)
    }

    private static func sendAPieceOfEachRecord(to receiver: inout RecordReceiver) {
        [UInt8](repeating: 7, count: RecordFormat.minimumSegment).withUnsafeBytes { piece in
            for record in UInt32(0)..<1024 {
                _ = receiver.insert(piece, record: record, offset: 300, endsRecord: false, fromSealed: false)
            }
        }
    }

    /// Offers that are withdrawn at once: the state kept for them grows neither with their number nor with the length of their names.
    @Test func offersThatAreWithdrawnAreNotCollected() {
        let name = String(repeating: "x", count: TransferLimits.nameBytes)
        var files = IncomingFiles()
        for file in FileID(0)..<200_000 {
            let (isTaken, isGivenUp) = (files.offered(file, FileOffer(name: name, size: 1)), files.fail(file))
            if !isTaken || !isGivenUp { Issue.record("file \(file)") }
        }
        #expect(files.remembered == 0)
        // An open offer keeps later ones from being forgotten; they may run ahead only so far.
        var held = IncomingFiles()
        let isTaken = held.offered(0, FileOffer(name: name, size: 1))
        #expect(isTaken)
        var taken: FileID = 1
        while held.offered(taken, FileOffer(name: name, size: 1)), held.fail(taken) { taken += 1 }
        #expect(Int(taken) == TransferLimits.fileSpan)
    }

    @Test func manyLongNamesAtOnceAreRefused() {
        let name = String(repeating: "x", count: TransferLimits.nameBytes)
        var files = IncomingFiles()
        var taken: FileID = 0
        while files.offered(taken, FileOffer(name: name, size: 1)) { taken += 1 }
        #expect(Int(taken) == TransferLimits.openNameBytes / TransferLimits.nameBytes)
        // With one less there is room for another one.
        let (isGivenUp, isTaken) = (files.fail(3), files.offered(taken, FileOffer(name: name, size: 1)))
        #expect(isGivenUp && isTaken)
    }

    /// A sender that has the secret, offers nothing, and stays alive.
    @Test func whoOffersNothingIsToldToLeave() throws {
        let simulation = try Simulation(seed: 1)
        let connection = try simulation.send([], ends: false)
        let start = simulation.now
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.receiver.outcome == .failed(.timedOut))
        #expect(simulation.sender.outcome == .failed(.closedByPeer(.cancelled, "nothing was offered")))
        #expect(simulation.now - start >= .seconds(Int64(30)) && simulation.now - start < .seconds(Int64(32)))
        #expect(connection.statistics.packetsReceived > 0)
    }

    /// The same for a sender of whose files none was accepted.
    @Test func whoseFilesNobodyWantsIsToldToLeave() throws {
        let simulation = try Simulation(seed: 2)
        simulation.receiver.answer = { _ in .decline(.declined) }
        try simulation.send([Simulation.file(size: 1000, seed: 2)], ends: false)
        let start = simulation.now
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.receiver.outcome == .failed(.timedOut))
        #expect(simulation.now - start >= .seconds(Int64(30)))
    }

    /// An attacker sends copies of passing datagrams from its own address (which may be forged): at most three times as many bytes go
    /// there, and the transfer is not diverted.
    @Test(arguments: 0..<4 as Range<UInt64>) func copiesFromElsewhereAreNotAmplified(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 50e6))
        simulation.attacker = { datagram, _ in Int.random(in: 0..<4, using: &random) == 0 ? [datagram] : [] }
        let file = Simulation.file(size: 1_000_000, seed: seed)
        let connection = try simulation.send([file])
        #expect(simulation.runToEnd(within: .seconds(Int64(60))), "seed \(seed)")
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes, "seed \(seed)")
        #expect(connection.peerAddress == Simulation.receiverAddress, "seed \(seed)")
        let (sent, received) = simulation.attackerBytes
        #expect(sent > 0 && received > 0 && received <= 3 * sent, "seed \(seed): \(received) bytes for \(sent)")
    }

    private static let otherAddress = NetworkAddress(ipv4: 0x7F00_0009, port: 9000)

    /// Unauthenticated datagrams to another address of the receiver: no answer is sent from that address.
    @Test(arguments: 0..<10 as Range<UInt64>) func whatIsForgedMovesNoAnswer(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let simulation = try Simulation(seed: seed, forward: LinkModel(rate: 50e6))
        simulation.receiver.aliases = [Self.otherAddress]
        let local = LocalAddress(high: Self.otherAddress.high, low: Self.otherAddress.low)
        var left = 0
        simulation.attacker = { datagram, toReceiver in
            guard toReceiver else {
                if simulation.receiver.batch.source == local { left += 1 }
                return []
            }
            var forged = datagram
            // Damages bytes behind the connection id, so that the datagram reaches the connection, and within what is authenticated: a true
            // header with another body could only be told from a peer that moved by a path challenge.
            forged[Int.random(in: 9..<min(forged.count, SegmentHeader.length), using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            forged.withUnsafeBytes {
                simulation.receiver.endpoint.receive(
                    $0, segmentSize: $0.count, from: simulation.sender.address, to: local, at: simulation.now)
            }
            return []
        }
        let file = Simulation.file(size: 500_000, seed: seed)
        let connection = try simulation.send([file])
        // A hello proves nothing and may be answered at the address where it arrived; a damaged one is refused.
        simulation.run(for: .seconds(Int64(10))) { connection.statistics.bytesDone > 0 }
        left = 0
        #expect(simulation.runToEnd(within: .seconds(Int64(60))), "seed \(seed)")
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes, "seed \(seed)")
        #expect(left == 0, "seed \(seed): \(left) datagrams left from the other address")
    }

    /// An authentic peer is followed to that address once the path is validated.
    @Test func aPeerThatWritesToAnotherAddressIsAnsweredFromThere() throws {
        let simulation = try Simulation(seed: 1, forward: LinkModel(rate: 50e6))
        simulation.receiver.aliases = [Self.otherAddress]
        let file = Simulation.file(size: 2_000_000, seed: 1)
        let connection = try simulation.send([file])
        simulation.run(for: .seconds(Int64(10))) { connection.statistics.bytesDone > 100_000 }
        #expect(connection.peerAddress == Simulation.receiverAddress)
        simulation.divertTo = Self.otherAddress
        #expect(simulation.runToEnd(within: .seconds(Int64(60))))
        #expect(simulation.sender.outcome == .complete && simulation.receiver.received[0] == file.bytes)
        #expect(connection.peerAddress == Self.otherAddress)
    }

    private static func paths() -> PathSet {
        PathSet(NetworkPath(remote: address, local: .any), pinsSource: true, TransferConfiguration(), seed: 1, at: .zero)
    }

    /// A flood of challenges: only a bounded number is answered, none with more than three times its size.
    @Test func aFloodOfChallengesIsAnsweredInMeasure() {
        var paths = Self.paths()
        let now = TransferInstant(nanoseconds: 1_000_000_000)
        for challenge in UInt64(0)..<1000 { paths.challenged(on: NetworkPath(remote: Self.address, local: .any), challenge, bytes: 50) }
        var answered = 0
        while case .response(_, _, let size)? = paths.next(challenge: 0, maximumAckDelay: .milliseconds(25), at: now) {
            #expect(size <= 150)
            answered += 1
            if answered > 100 { break }
        }
        #expect(answered > 0 && answered <= 4, "\(answered) were answered")
    }

    /// Addresses that only send and never answer a challenge: a bounded number of challenges, and none for a tiny datagram.
    @Test func aFloodOfAddressesIsChallengedInMeasure() {
        var paths = Self.paths()
        var now = TransferInstant(nanoseconds: 1_000_000_000)
        var (received, sent) = (0, 0)
        for index in 0..<10_000 {
            let from = NetworkPath(remote: NetworkAddress(ipv4: 0x0A00_0000 + UInt32(index), port: 1), local: .any)
            #expect(paths.received(on: from, bytes: 60, isHighest: true, isProbe: false, at: now) == .none)
            received += 60
            while case .challenge(_, _, let size)? = paths.next(challenge: UInt64(index), maximumAckDelay: .milliseconds(25), at: now) {
                sent += size
            }
            now = now + .milliseconds(1)
        }
        #expect(sent > 0 && sent <= 3 * received, "\(sent) bytes for \(received)")
    }
}

extension RecordReceiver {
    /// Separate ranges of a record that are stored.
    fileprivate func piecesKept(of record: UInt64) -> Int { self[record].pieces }
}
