/// The request MAP of the Port Control Protocol (RFC 6887 §7, §11.1) for a UDP port, and its answer.
enum PCPMessage {
    /// What a router answers.
    struct Response: Equatable {
        /// 0 for success (§7.4).
        var result: UInt8
        /// Seconds; of an error, how long it will probably last.
        var lifetime: UInt32
        var epoch: UInt32
        var nonce: Nonce
        var internalPort: UInt16
        /// The external address and port.
        var external: NetworkAddress
    }

    /// 96 random bits, without which nobody can change a mapping or forge an answer (§18.2).
    struct Nonce: Hashable {
        var first: UInt32
        var rest: UInt64

        init(first: UInt32, rest: UInt64) {
            self.first = first
            self.rest = rest
        }

        init(random: inout some RandomNumberGenerator) {
            self.init(first: UInt32.random(in: 0...UInt32.max, using: &random), rest: random.next())
        }
    }

    static let version: UInt8 = 2
    static let size = 60
    /// Bytes; longer ones are no message (§7).
    private static let maximumSize = 1100
    private static let map: UInt8 = 1
    private static let udp: UInt8 = 17
    /// The results of §7.4 of which another attempt later may have a better one: NETWORK_FAILURE, NO_RESOURCES, USER_EX_QUOTA.
    static let transientResults: Set<UInt8> = [7, 8, 10]

    /// - Parameters:
    ///   - client: this machine's address, as the router has to see it; else it refuses.
    ///   - external: the address and port that the client would like. The unspecified address of its family, and port 0, if it does not mind.
    ///   - lifetime: seconds; 0 gives the mapping back.
    static func request(
        client: NetworkAddress, internalPort: UInt16, suggesting external: NetworkAddress, lifetime: UInt32, nonce: Nonce
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        bytes += [version, map, 0, 0]
        bytes.append(bigEndian: lifetime)
        bytes.append(bigEndian: client.high)
        bytes.append(bigEndian: client.low)
        bytes.append(bigEndian: nonce.first)
        bytes.append(bigEndian: nonce.rest)
        bytes += [udp, 0, 0, 0]
        bytes.append(bigEndian: internalPort)
        bytes.append(bigEndian: external.port)
        bytes.append(bigEndian: external.high)
        bytes.append(bigEndian: external.low)
        return bytes
    }

    /// Reads an answer to a request MAP for UDP; nil for all else. Errors, too, repeat what was asked (§8.3).
    static func response(_ datagram: UnsafeRawBufferPointer) -> Response? {
        guard (size...maximumSize).contains(datagram.count), datagram.count.isMultiple(of: 4), datagram[0] == version,
            datagram[1] == 0x80 | map, datagram[36] == udp
        else { return nil }
        return Response(
            result: datagram[3], lifetime: datagram.bigEndian(at: 4), epoch: datagram.bigEndian(at: 8),
            nonce: Nonce(first: datagram.bigEndian(at: 24), rest: datagram.bigEndian(at: 28)), internalPort: datagram.bigEndian(at: 40),
            external: NetworkAddress(high: datagram.bigEndian(at: 44), low: datagram.bigEndian(at: 52), port: datagram.bigEndian(at: 42)))
    }
}
