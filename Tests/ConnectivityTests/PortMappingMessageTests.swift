import TestSupport
import Testing

@testable import Connectivity

/// The messages byte by byte as the RFCs draw them.
@Suite struct PortMappingMessageTests {
    private static let nonce = PCPMessage.Nonce(first: 0x0102_0304, rest: 0x0506_0708_090A_0B0C)

    /// RFC 6887, figures 2 and 8.
    @Test func aRequestOfPCP() {
        let bytes = PCPMessage.request(
            client: .ip(192, 168, 1, 10), internalPort: 0x1234, suggesting: NetworkAddress(ipv4: 0, port: 0x1234), lifetime: 3600,
            nonce: Self.nonce)
        let none: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF, 0, 0, 0, 0]
        let client: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF, 192, 168, 1, 10]
        let expected: [UInt8] = [2, 1, 0, 0, 0, 0, 0x0E, 0x10] + client + Array(1...12) + [17, 0, 0, 0, 0x12, 0x34, 0x12, 0x34] + none
        #expect(bytes == expected)
    }

    /// RFC 6887, figures 3 and 9.
    @Test func anAnswerOfPCP() {
        let address: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF, 198, 51, 100, 10]
        let header: [UInt8] = [2, 0x81, 0, 0, 0, 0, 0, 120, 0, 0, 1, 0] + Array(repeating: 0, count: 12)
        let bytes = header + Array(1...12) + [17, 0, 0, 0, 0x12, 0x34, 0xAB, 0xCD] + address
        let expected = PCPMessage.Response(
            result: 0, lifetime: 120, epoch: 256, nonce: Self.nonce, internalPort: 0x1234, external: .ip(198, 51, 100, 10, port: 0xABCD))
        #expect(bytes.withUnsafeBytes { PCPMessage.response($0) } == expected)
        // Options follow the answer.
        #expect((bytes + [1, 0, 0, 0]).withUnsafeBytes { PCPMessage.response($0) } == expected)
        for count in 0..<bytes.count { #expect(bytes.prefix(count).withUnsafeBytes { PCPMessage.response($0) } == nil) }
        for (index, value): (Int, UInt8) in [(0, 1), (1, 1), (1, 0x82), (36, 6)] {
            var other = bytes
            other[index] = value
            #expect(other.withUnsafeBytes { PCPMessage.response($0) } == nil, "byte \(index)")
        }
        #expect((bytes + Array(repeating: 0, count: 1044)).withUnsafeBytes { PCPMessage.response($0) } == nil)
    }

    /// RFC 6886 §3.2 and §3.3.
    @Test func theRequestsOfNATPMP() {
        #expect(NATPMPMessage.externalAddressRequest == [0, 0])
        #expect(
            NATPMPMessage.mappingRequest(internalPort: 0x1234, suggesting: 0x5678, lifetime: 3600)
                == [0, 1, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x0E, 0x10])
    }

    @Test(
        arguments: [
            ([0, 128, 0, 0, 0, 0, 0, 9, 198, 51, 100, 10], NATPMPMessage.Response.externalAddress(0xC633_640A, epoch: 9)),
            (
                [0, 129, 0, 0, 0, 0, 0, 9, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 60],
                .mapping(internalPort: 0x1234, externalPort: 0x5678, lifetime: 60, epoch: 9)
            ),
            ([0, 129, 0, 1, 0, 0, 0, 9], .failed(opcode: 1, result: 1)),
            ([0, 128, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0], .failed(opcode: 0, result: 3)),
            ([0, 128, 0, 0, 0, 0, 0, 9], nil), ([0, 129, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4], nil),
            ([0, 130, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4], nil),
            ([0, 1, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4], nil), ([2, 128, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4], nil), ([0], nil), ([], nil),
        ] as [([UInt8], NATPMPMessage.Response?)])
    func anAnswerOfNATPMP(bytes: [UInt8], expected: NATPMPMessage.Response?) {
        #expect(bytes.withUnsafeBytes { NATPMPMessage.response($0) } == expected)
    }
}
