/// A datagram of the search for a path: a probe, which asks "does this reach you?", or the answer to one.
///
/// | bytes | what |
/// |---|---|
/// | 1 | `0x99` for a probe, `0x9A` for an answer: types of the transfer's datagrams that peers without probes ignore |
/// | 8 | id of the search |
/// | 8 | nonce: random in a probe; in an answer that of its probe |
/// | 16 + 2 | in an answer the IPv6 or IPv4-mapped address and the port that the probe came from; in a probe zeros |
/// | 16 | HMAC-SHA256 over all before it, under the sender's key, truncated (RFC 2104 §5) |
///
/// Numbers are big-endian. Probe and answer have the same 51 bytes: an answer is never longer than what it answers.
public struct ProbeDatagram: Equatable, Sendable {
    public enum Content: Equatable, Sendable {
        case probe
        /// Where the probe came from, as the answering side saw it.
        case answer(seen: NetworkAddress)
    }

    /// Bytes of every probe and answer.
    public static let size = 51

    private enum FirstByte {
        static let probe: UInt8 = 0x80 | 1 << 4 | 9
        static let answer: UInt8 = 0x80 | 1 << 4 | 10
    }

    public var nonce: UInt64
    public var content: Content

    public init(nonce: UInt64, content: Content) {
        self.nonce = nonce
        self.content = content
    }

    /// The search that a datagram says it belongs to, which is proven only by reading it with the keys of that search; nil if it is no probe
    /// and no answer.
    public static func searchID(of datagram: UnsafeRawBufferPointer) -> UInt64? {
        guard datagram.count == size, datagram[0] == FirstByte.probe || datagram[0] == FirstByte.answer else { return nil }
        return datagram.bigEndian(at: 1)
    }

    /// Whether a datagram that begins so is a probe or an answer of some search.
    public static func isProbe(firstByte: UInt8) -> Bool { firstByte == FirstByte.probe || firstByte == FirstByte.answer }

    /// Reads a datagram of the peer; nil if it is not of this search or not authentic.
    public init?(_ datagram: UnsafeRawBufferPointer, keys: SearchKeys) {
        guard Self.searchID(of: datagram) == keys.searchID else { return nil }
        guard MessageCode.isValid(datagram.suffix(MessageCode.size), of: datagram.dropLast(MessageCode.size), keys.peer) else { return nil }
        nonce = datagram.bigEndian(at: 9)
        content =
            datagram[0] == FirstByte.probe
            ? .probe
            : .answer(
                seen: NetworkAddress(high: datagram.bigEndian(at: 17), low: datagram.bigEndian(at: 25), port: datagram.bigEndian(at: 33)))
    }

    /// The datagram as it is sent.
    public func encoded(keys: SearchKeys) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size)
        var seen = NetworkAddress(high: 0, low: 0, port: 0)
        switch content {
        case .probe: bytes.append(FirstByte.probe)
        case .answer(let address):
            bytes.append(FirstByte.answer)
            seen = address
        }
        bytes.append(bigEndian: keys.searchID)
        bytes.append(bigEndian: nonce)
        bytes.append(bigEndian: seen.high)
        bytes.append(bigEndian: seen.low)
        bytes.append(bigEndian: seen.port)
        return bytes + MessageCode.of(bytes, keys.own)
    }
}
