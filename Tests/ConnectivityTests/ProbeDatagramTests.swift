import TestSupport
import Testing

@testable import Connectivity

@Suite struct ProbeDatagramTests {
    private static let offering = SearchKeys(secret: secret, role: .offering)
    private static let answering = SearchKeys(secret: secret, role: .answering)
    private static let contents: [ProbeDatagram.Content] = [
        .probe, .answer(seen: .ip(192, 0, 2, 1, port: 61000)), .answer(seen: .ipv6(0x2001_0DB8 << 32, 7, port: 443)),
    ]

    private static func read(_ bytes: [UInt8], _ keys: SearchKeys) -> ProbeDatagram? {
        bytes.withUnsafeBytes { ProbeDatagram($0, keys: keys) }
    }

    @Test(arguments: contents) func whatOneSideWritesTheOtherReads(content: ProbeDatagram.Content) {
        let datagram = ProbeDatagram(nonce: 0x0123_4567_89AB_CDEF, content: content)
        let bytes = datagram.encoded(keys: Self.offering)
        #expect(Self.read(bytes, Self.answering) == datagram)
        #expect(bytes.count == 51 && bytes.withUnsafeBytes { ProbeDatagram.searchID(of: $0) } == Self.answering.searchID)
        #expect(bytes[0] == (content == .probe ? 0x99 : 0x9A))
    }

    /// A datagram that somebody sends back to its sender proves nothing.
    @Test(arguments: contents) func nobodyReadsHisOwn(content: ProbeDatagram.Content) {
        let datagram = ProbeDatagram(nonce: 1, content: content)
        #expect(Self.read(datagram.encoded(keys: Self.offering), Self.offering) == nil)
        #expect(Self.read(datagram.encoded(keys: Self.answering), Self.answering) == nil)
    }

    @Test func withAnotherSecretItIsAnotherSearch() {
        let other = SearchKeys(secret: [UInt8](repeating: 8, count: 32), role: .answering)
        let bytes = ProbeDatagram(nonce: 1, content: .probe).encoded(keys: Self.offering)
        #expect(other.searchID != Self.answering.searchID)
        #expect(Self.read(bytes, other) == nil)
        // Nor with the right id under the wrong key.
        var forged = bytes
        withUnsafeBytes(of: other.searchID.bigEndian) { forged.replaceSubrange(1..<9, with: $0) }
        #expect(forged.withUnsafeBytes { ProbeDatagram.searchID(of: $0) } == other.searchID)
        #expect(Self.read(forged, other) == nil)
    }

    @Test(arguments: contents) func noBitCanBeChanged(content: ProbeDatagram.Content) {
        let bytes = ProbeDatagram(nonce: 77, content: content).encoded(keys: Self.offering)
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(Self.read(changed, Self.answering) == nil, "bit \(bit)")
        }
    }

    /// Not even a code that is wrong in many places, whose differences might cancel.
    @Test func noCodeIsGuessed() {
        var random = SeededGenerator(seed: 6)
        let bytes = ProbeDatagram(nonce: 77, content: .probe).encoded(keys: Self.offering)
        for round in 0..<20_000 {
            let code = round < 256 ? [UInt8](repeating: UInt8(round), count: 16) : random.bytes(16)
            #expect(Self.read(bytes.dropLast(16) + code, Self.answering) == nil)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func whateverComesIsNotTrusted(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let valid = Self.contents.map { ProbeDatagram(nonce: 5, content: $0).encoded(keys: Self.offering) }
        for round in 0..<300 {
            let bytes = round % 2 == 0 ? random.bytes(Int.random(in: 0...80, using: &random)) : random.mutated(valid[round % 3])
            if !valid.contains(bytes) { #expect(Self.read(bytes, Self.answering) == nil) }
            if bytes.withUnsafeBytes({ ProbeDatagram.searchID(of: $0) }) != nil { #expect(bytes.count == 51) }
        }
    }

    @Test func otherDatagramsHaveNoSearch() {
        for first in UInt8.min...UInt8.max where first != 0x99 && first != 0x9A {
            #expect([UInt8](repeating: first, count: 51).withUnsafeBytes { ProbeDatagram.searchID(of: $0) } == nil)
        }
        #expect([UInt8](repeating: 0x99, count: 50).withUnsafeBytes { ProbeDatagram.searchID(of: $0) } == nil)
        #expect([UInt8](repeating: 0x99, count: 52).withUnsafeBytes { ProbeDatagram.searchID(of: $0) } == nil)
    }

    /// What is derived does not change between versions: both sides must agree. Values of an independent implementation of RFC 5869 and
    /// RFC 2104.
    @Test func keysAndCodesAreThoseOfTheStandards() {
        #expect(Self.offering.searchID == Vectors.searchID)
        #expect(ProbeDatagram(nonce: 1, content: .probe).encoded(keys: Self.offering) == Vectors.offeringProbe)
        #expect(
            ProbeDatagram(nonce: 2, content: .answer(seen: .ip(192, 0, 2, 1, port: 61000))).encoded(keys: Self.answering)
                == Vectors.answeringAnswer)
    }
}
