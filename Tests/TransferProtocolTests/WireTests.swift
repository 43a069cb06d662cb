import TestSupport
import Testing

@testable import TransferProtocol

@Suite(.longComputation) struct WireTests {
    /// Vectors of the authors' reference implementation: the key is 00 … 0f, the input 00, 01, 02 … of growing length.
    @Test func sipHashMeetsItsVectors() {
        let expected: [UInt64] = [
            0x726f_db47_dd0e_0e31, 0x74f8_39c5_93dc_67fd, 0x0d6c_8009_d9a9_4f5a, 0x8567_6696_d7fb_7e2d, 0xcf27_94e0_2771_87b7,
            0x1876_5564_cd99_a68d, 0xcbc9_466e_58fe_e3ce, 0xab02_00f5_8b01_d137, 0x93f5_f579_9a93_2462,
        ]
        let hash = SipHash(key: Array(0..<16))
        for (length, value) in expected.enumerated() {
            let input = [UInt8](0..<UInt8(length))
            #expect(input.withUnsafeBytes { hash.hash($0) } == value, "length \(length)")
        }
        #expect([UInt8](0..<15).withUnsafeBytes { hash.hash($0) } == 0xa129_ca61_49be_45e5)
    }

    @Test func varintsHaveTheExamplesOfTheirRFC() throws {
        // RFC 9000 Appendix A.1
        let examples: [(UInt64, [UInt8])] = [
            (151_288_809_941_952_652, [0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c]), (494_878_333, [0x9d, 0x7f, 0x3e, 0x7d]),
            (15_293, [0x7b, 0xbd]), (37, [0x25]),
        ]
        for (value, bytes) in examples {
            var written: [UInt8] = []
            written.appendVarint(value)
            #expect(written == bytes)
            try bytes.withUnsafeBytes { memory in
                var reader = WireReader(memory)
                let read = try reader.varint()
                #expect(read == value)
            }
        }
    }

    @Test func truncatedNumbersFindTheirWayBack() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let near = UInt64.random(in: 0..<1 << 50, using: &random)
            let distance = UInt64.random(in: 0..<1 << 30, using: &random)
            for number in [near + distance, near - min(near, distance)] {
                #expect(TruncatedNumber.expand(UInt32(truncatingIfNeeded: number), near: near) == number)
            }
        }
    }

    @Test func aSegmentHeaderComesBackAndNoDamageGoesUnseen() {
        let key = SipHash(key: Array(16..<32))
        let header = SegmentHeader(
            connection: ConnectionID(0x0102_0304_0506_0708), packetNumber: 77, record: 5, offset: 12_312, endsRecord: true)
        var datagram = [UInt8](repeating: 9, count: 40)
        datagram.withUnsafeMutableBytes { header.write(to: $0, key: key) }
        #expect(datagram.withUnsafeBytes { SegmentHeader($0, key: key) } == header)
        var unseen = 0
        for bit in 0..<SegmentHeader.length * 8 {
            var damaged = datagram
            damaged[bit / 8] ^= 1 << (bit % 8)
            if damaged.withUnsafeBytes({ SegmentHeader($0, key: key) }) != nil { unseen += 1 }
        }
        #expect(unseen == 0)
        #expect(Array(datagram.prefix(22)).withUnsafeBytes { SegmentHeader($0, key: key) } == nil)
    }

    @Test func messagesComeBack() throws {
        let all: [Message] = [
            .offer(3, FileOffer(name: "a/bé", size: 1 << 40, mode: 0o755, modified: -5)),
            .offer(4, FileOffer(name: "-", size: nil)), .offer(5, FileOffer(name: "d", kind: .directory, size: 0)), .endOfOffers,
            .keep(1, [0..<5, 7..<9]), .keep(1, []), .end(2, size: 99), .answer(1, .accept(held: [])),
            .answer(1, .accept(held: [HeldRange(range: 4..<10, digest: Array(0..<32))])), .answer(1, .decline(.noSpace)), .done(9),
            .named(9, "a/b\u{E9} (1)"), .paused(true), .failed(3, .sourceChanged, "it changed"),
        ]
        let bytes = all.flatMap(\.encoded)
        try bytes.withUnsafeBytes { memory in
            var position = 0
            for message in all {
                let next = try Message.next(in: memory, at: &position)
                #expect(next == message)
            }
            let rest = try Message.next(in: memory, at: &position)
            #expect(rest == nil)
        }
        // A truncated message is incomplete, not an error.
        for message in all {
            let whole = message.encoded
            for length in 0..<whole.count {
                try whole.withUnsafeBytes { memory in
                    var position = 0
                    let next = try Message.next(in: UnsafeRawBufferPointer(rebasing: memory[..<length]), at: &position)
                    #expect(next == nil)
                }
            }
        }
    }

    /// An older version skips the parameter, and is never sent a message that it cannot decode.
    @Test func namesAreSaidOnlyToWhoTakesThem() throws {
        var parameters = TransportParameters(connection: ConnectionID(5))
        let old = parameters.encoded
        #expect(try !TransportParameters(decoding: old).acceptsNames)
        parameters.acceptsNames = true
        #expect(Array(parameters.encoded.prefix(old.count)) == old)
        #expect(try TransportParameters(decoding: parameters.encoded).acceptsNames)
    }

    /// The contents of folders come with the handshake; an older version skips them, and their number is bounded.
    @Test func theContentsOfFoldersAreTold() throws {
        var parameters = TransportParameters(connection: ConnectionID(5))
        let old = parameters.encoded
        parameters.contents = [FolderContents(files: 3, bytes: 1_200_000_000), FolderContents()]
        #expect(Array(parameters.encoded.prefix(old.count)) == old)
        #expect(try TransportParameters(decoding: parameters.encoded) == parameters)
        parameters.contents = (0..<40).map { FolderContents(files: $0, bytes: .max) }
        let decoded = try TransportParameters(decoding: parameters.encoded).contents
        #expect(decoded.map(\.files) == Array(0..<16) && parameters.encoded.count < old.count + 300)
        // A truncated number.
        #expect(throws: WireError.self) { try TransportParameters(decoding: old + [6, 1, 0x40]) }
    }

    @Test func whatIsInFoldersIsCounted() {
        func offer(_ name: String, _ kind: FileOffer.Kind = .file, _ size: UInt64? = 5) -> FileOffer {
            FileOffer(name: name, kind: kind, size: size)
        }
        let offers = [
            offer("alone"), offer("a", .directory), offer("a/x"), offer("a/b", .directory), offer("a/b/y"), offer("b", .directory),
            offer("b/z", .file, .max),
            offer("b/w"),
        ]
        #expect(FolderContents.of(offers) == [FolderContents(files: 2, bytes: 10), FolderContents(files: 2, bytes: .max)])
    }

    @Test func textOfAPeerCannotWriteToATerminal() {
        #expect(PeerText.harmless("a\u{1b}[2Jb\u{202e}c\n") == "a?[2Jb?c?")
        #expect(PeerText.clipped("ééé", to: 3) == Array("é".utf8))
        #expect(PeerText.clipped("abc", to: 3) == Array("abc".utf8))
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func theControlStreamPutsPiecesInOrder(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var sender = ControlStreamSender()
        var receiver = ControlStreamReceiver()
        let sent = (0..<200).map {
            Message.failed(FileID($0), .cancelled, String(repeating: "x", count: Int.random(in: 0..<300, using: &random)))
        }
        for message in sent { sender.append(message.encoded) }
        var received: [Message] = []
        var underWay: [(UInt64, [UInt8])] = []
        while !sender.isAcknowledged {
            while underWay.count < 20, let (offset, bytes) = sender.nextPiece(limit: Int.random(in: 1...500, using: &random)) {
                underWay.append((offset, Array(bytes)))
            }
            let (offset, bytes) = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
            let range = offset..<offset + UInt64(bytes.count)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3: sender.lost(range)
            case 3:
                // The data arrived, but its ack was lost.
                try bytes.withUnsafeBytes { try receiver.receive(offset: offset, bytes: $0) }
                sender.lost(range)
            default:
                try bytes.withUnsafeBytes { try receiver.receive(offset: offset, bytes: $0) }
                sender.acknowledged(range)
            }
            received += try receiver.messages()
        }
        #expect(received == sent, "seed \(seed)")
    }
}
