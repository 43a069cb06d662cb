/// Cuts a stream into the datagrams of a relay, each of which follows its length as a number of two bytes.
public struct RelayFrames: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0
    /// Whether a length was none: the stream is not one of a relay.
    public private(set) var isBroken = false

    public init() {}

    /// The datagram as it goes into a stream.
    public static func frame(_ datagram: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 + datagram.count)
        bytes.append(bigEndian: UInt16(datagram.count))
        return bytes + datagram
    }

    /// Adds bytes as they arrive. At most one datagram's bytes wait beside them.
    public mutating func append(_ new: some Sequence<UInt8>) {
        bytes.removeFirst(start)
        start = 0
        bytes.append(contentsOf: new)
    }

    /// The next datagram that is whole.
    public mutating func next() -> [UInt8]? {
        guard !isBroken, bytes.count - start >= 2 else { return nil }
        let count = Int(bytes[start]) << 8 | Int(bytes[start + 1])
        guard (1...RelayDatagram.maximumSize).contains(count) else {
            isBroken = true
            return nil
        }
        guard bytes.count - start - 2 >= count else { return nil }
        defer { start += 2 + count }
        return Array(bytes[start + 2..<start + 2 + count])
    }
}
