import TestSupport
import Testing

@testable import Connectivity

@Suite struct LinkDatagramTests {
    private static let samples: [LinkDatagram] = [
        .find(number: 7, nonce: 0x0123_4567_89AB_CDEF), .here(number: 999, nonce: 1, host: 2, token: .max),
        .request(exchange: 1, host: 2, token: 3, index: 4, message: [5, 6]), .response(exchange: .max, index: 255, message: [0]),
        .request(
            exchange: 1, host: 2, token: 3, index: 4, message: [UInt8](repeating: 9, count: MeetingExchange.maximumText + 18)),
    ]

    private static func read(_ bytes: [UInt8]) -> LinkDatagram? { bytes.withUnsafeBytes { LinkDatagram($0) } }

    @Test(arguments: samples) func whatIsWrittenIsRead(datagram: LinkDatagram) {
        #expect(Self.read(datagram.encoded) == datagram)
        #expect(datagram.encoded.starts(with: [0x63, 0x68, 0x6D, 1]) && datagram.encoded.count <= LinkDatagram.maximumSize)
    }

    /// Nobody is made to send a victim more than was sent.
    @Test func anAnswerIsNoLongerThanItsQuestion() {
        #expect(Self.samples[0].encoded.count == Self.samples[1].encoded.count)
    }

    @Test func anythingIsReadOrRefused() {
        var random = SeededGenerator(seed: 5)
        for round in 0..<50_000 {
            let bytes = random.mutated(Self.samples[round % Self.samples.count].encoded)
            guard let datagram = Self.read(bytes) else { continue }
            // The zeros of a find are not read.
            if case .find = datagram { #expect(datagram.encoded.count == bytes.count) } else { #expect(datagram.encoded == bytes) }
        }
        for count in 0..<64 { #expect(Self.read([UInt8](repeating: 0, count: count)) == nil) }
        #expect(Self.read([0x63, 0x68, 0x6D, 1, 4] + [UInt8](repeating: 0, count: 1200)) == nil)
    }
}
