import TestSupport
import Testing

@testable import Connectivity

@Suite struct STUNTests {
    private static let transaction = STUNTransaction(first: 0xB7E7_A701, rest: 0xBC34_D686_FA87_DFAE)

    private static let header: [UInt8] = [
        0x21, 0x12, 0xA4, 0x42, 0xB7, 0xE7, 0xA7, 0x01, 0xBC, 0x34, 0xD6, 0x86, 0xFA, 0x87, 0xDF, 0xAE,
    ]
    private static let software: [UInt8] =
        [0x80, 0x22, 0x00, 0x0B] + Array("test vector ".utf8)

    /// RFC 5769 §2.2 (IPv4) and §2.3 (IPv6).
    static let vectors: [([UInt8], NetworkAddress)] = [
        (
            [0x01, 0x01, 0x00, 0x3C] + header + software + [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xA1, 0x47, 0xE1, 0x12, 0xA6, 0x43]
                + [
                    0x00, 0x08, 0x00, 0x14, 0x2B, 0x91, 0xF5, 0x99, 0xFD, 0x9E, 0x90, 0xC3, 0x8C, 0x74, 0x89, 0xF9, 0x2A, 0xF9, 0xBA,
                    0x53, 0xF0, 0x6B, 0xE7, 0xD7, 0x80, 0x28, 0x00, 0x04, 0xC0, 0x7D, 0x4C, 0x96,
                ],
            .ip(192, 0, 2, 1, port: 32853)
        ),
        (
            [0x01, 0x01, 0x00, 0x48] + header + software
                + [
                    0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xA1, 0x47, 0x01, 0x13, 0xA9, 0xFA, 0xA5, 0xD3, 0xF1, 0x79, 0xBC, 0x25, 0xF4,
                    0xB5, 0xBE, 0xD2, 0xB9, 0xD9,
                ]
                + [
                    0x00, 0x08, 0x00, 0x14, 0xA3, 0x82, 0x95, 0x4E, 0x4B, 0xE6, 0x7B, 0xF1, 0x17, 0x84, 0xC9, 0x7C, 0x82, 0x92, 0xC2,
                    0x75, 0xBF, 0xE3, 0xED, 0x41, 0x80, 0x28, 0x00, 0x04, 0xC8, 0xFB, 0x0B, 0x4C,
                ],
            .ipv6(0x2001_0DB8_1234_5678, 0x0011_2233_4455_6677, port: 32853)
        ),
    ]

    /// RFC 5769 §2.1: the request of an ICE agent, whose PRIORITY a server that only tells addresses does not know.
    static let iceRequest: [UInt8] =
        [0x00, 0x01, 0x00, 0x58] + header + [0x80, 0x22, 0x00, 0x10] + Array("STUN test client".utf8)
        + [0x00, 0x24, 0x00, 0x04, 0x6E, 0x00, 0x01, 0xFF, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2F, 0xF9, 0xB1, 0x51, 0x26, 0x3B, 0x36]
        + [0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6A, 0x3A, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14]
        + [0x9A, 0xEA, 0xA7, 0x0C, 0xBF, 0xD8, 0xCB, 0x56, 0x78, 0x1E, 0xF2, 0xB5, 0xB2, 0xD3, 0xF2, 0x49, 0xC1, 0xB5, 0x71, 0xA2]
        + [0x80, 0x28, 0x00, 0x04, 0xE5, 0x7A, 0x3B, 0xCF]

    static func response(_ bytes: [UInt8]) -> (transaction: STUNTransaction, address: NetworkAddress)? {
        bytes.withUnsafeBytes { STUNBinding.response($0) }
    }

    static func request(_ bytes: [UInt8]) -> STUNBinding.Request? { bytes.withUnsafeBytes { STUNBinding.decodeRequest($0) } }

    /// A success response with these attributes, each with its padding.
    static func success(_ attributes: [(UInt16, [UInt8])], kind: STUNMessage.Kind = .success) -> [UInt8] {
        var bytes: [UInt8] = []
        for (type, value) in attributes {
            bytes.append(bigEndian: type)
            bytes.append(bigEndian: UInt16(value.count))
            bytes += value + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        }
        return STUNMessage.encode(kind, transaction, attributes: bytes)
    }

    @Test(arguments: vectors) func theVectorsOfRFC5769AreRead(bytes: [UInt8], address: NetworkAddress) throws {
        let response = try #require(Self.response(bytes))
        #expect(response.address == address)
        #expect(response.transaction == Self.transaction)
    }

    @Test(arguments: [(NetworkAddress.ip(192, 0, 2, 1, port: 32853), 32), (.ipv6(0x2001_0DB8_0000_0000, 1, port: 443), 44)])
    func aResponseHasItsSizeAndIsRead(address: NetworkAddress, size: Int) throws {
        let bytes = STUNBinding.success(Self.transaction, seen: address)
        #expect(bytes.count == size)
        let response = try #require(Self.response(bytes))
        #expect(response.address == address && response.transaction == Self.transaction)
    }

    @Test func aRequestIsTheHeaderAlone() {
        let bytes = STUNBinding.request(Self.transaction)
        #expect(bytes == [0x00, 0x01, 0x00, 0x00] + Self.header)
        #expect(Self.request(bytes) == .binding(Self.transaction))
        #expect(Self.response(bytes) == nil)
    }

    @Test func unknownOptionalAttributesAreSkippedAndUnexpectedOnesIgnored() {
        #expect(Self.request(Self.success([(0x8022, [1, 2, 3]), (0x0006, [4])], kind: .request)) == .binding(Self.transaction))
        let mapped: (UInt16, [UInt8]) = (0x0001, [0, 1, 0x12, 0x34, 192, 0, 2, 9])
        #expect(Self.response(Self.success([(0xC001, []), mapped]))?.address == .ip(192, 0, 2, 9, port: 0x1234))
    }

    /// The client learns at once that it asks for too much.
    @Test func whatAServerMustUnderstandAndDoesNotIsAnError420() throws {
        #expect(Self.request(Self.iceRequest) == .notUnderstood(Self.transaction, attributes: [0x0024]))
        let bytes = STUNBinding.unknownAttributes(Self.transaction, [0x0024])
        #expect(
            bytes == [0x01, 0x11, 0x00, 0x10] + Self.header + [0x00, 0x09, 0x00, 0x04, 0, 0, 4, 20, 0x00, 0x0A, 0x00, 0x02, 0, 0x24, 0, 0])
        #expect(bytes.withUnsafeBytes { STUNMessage($0) }?.kind == .error)
        let many = Self.success((0..<40).map { (0x7000 + $0, []) }, kind: .request)
        guard case .notUnderstood(_, let types)? = Self.request(many) else {
            Issue.record("it was understood")
            return
        }
        #expect(types == Array(0x7000..<0x7008))
        #expect(STUNBinding.unknownAttributes(Self.transaction, types).count == 48)
    }

    /// RFC 8489 §6.3.3.
    @Test func aResponseThatMustNotBeUnderstoodInPartIsDiscarded() {
        let mapped: (UInt16, [UInt8]) = (0x0001, [0, 1, 0x12, 0x34, 192, 0, 2, 9])
        #expect(Self.response(Self.success([mapped])) != nil)
        #expect(Self.response(Self.success([mapped, (0x7001, [])])) == nil)
    }

    @Test(arguments: [
        NetworkAddress.ip(0, 0, 0, 0), .ip(127, 0, 0, 1), .ip(224, 0, 0, 1), .ip(255, 255, 255, 255),
        .ip(192, 0, 2, 1, port: 0), .ipv6(0, 0), .ipv6(0, 1), .ipv6(0xFF02 << 48, 1),
    ])
    func nobodyIsAtSuchAnAddress(address: NetworkAddress) {
        #expect(Self.response(STUNBinding.success(Self.transaction, seen: address)) == nil)
    }

    @Test(arguments: 0..<20) func nothingThatIsCutOrLongerIsRead(drop: Int) {
        for (bytes, _) in Self.vectors {
            #expect(Self.response(Array(bytes.dropLast(drop + 1))) == nil)
            #expect(Self.response(bytes + [UInt8](repeating: 0, count: drop + 1)) == nil)
        }
        #expect(Self.request(Array(STUNBinding.request(Self.transaction).dropLast(drop + 1))) == nil)
    }

    @Test func otherMethodsClassesAndProtocolsAreNotRequests() {
        let bytes = STUNBinding.request(Self.transaction)
        // Indication, success, error, Allocate, bits of DTLS or of the transfer's datagrams, and another cookie.
        let changes: [(Int, UInt8)] = [(1, 0x11), (0, 0x01), (1, 0x03), (0, 0x16), (0, 0x80), (0, 0x40), (4, 0x22), (7, 0)]
        for (index, value) in changes {
            var changed = bytes
            changed[index] = value
            #expect(Self.request(changed) == nil, "byte \(index) is \(value)")
        }
    }

    /// No input traps a decoder, and none is taken for the answer to a request that was not made.
    @Test(arguments: 0..<40 as Range<UInt64>) func whateverComesIsReadOrNot(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let valid = Self.vectors.map(\.0) + [Self.iceRequest, STUNBinding.request(Self.transaction)]
        for round in 0..<500 {
            let base = valid[round % valid.count]
            let bytes =
                round % 4 == 0
                ? random.bytes(Int.random(in: 0...600, using: &random))
                : round % 4 == 1 ? Array(base.prefix(20)) + random.bytes(Int.random(in: 0...64, using: &random)) : random.mutated(base)
            if let response = Self.response(bytes) {
                #expect(Array(bytes[8..<20]) == Self.bytes(of: response.transaction))
                #expect(bytes.count <= 548 && response.address.port != 0)
            }
            if let request = Self.request(bytes) {
                #expect(bytes.count >= 20 && bytes[0] == 0 && bytes[1] == 1)
                if case .notUnderstood(_, let attributes) = request { #expect((1...8).contains(attributes.count)) }
            }
        }
    }

    private static func bytes(of transaction: STUNTransaction) -> [UInt8] { Array(STUNBinding.request(transaction).suffix(12)) }
}
