/// Detects by consecutive RTT samples that a queue forms: each exceeds that of the empty path by as much as RFC 9406 §4.3 requires.
struct QueueSign {
    private static let samples = 8
    /// Fewer samples suffice if they cover as many packets: an ack of many packets yields one sample.
    private static let leastSamples = 3
    private static let leastRise = TransferDuration.milliseconds(4)
    private static let mostRise = TransferDuration.milliseconds(16)

    private var count = 0
    private var bytes = 0

    /// - Parameters:
    /// - empty: the RTT of the path without a queue.
    /// - acknowledged: bytes acknowledged by the ack that yielded the sample.
    mutating func add(_ roundTrip: TransferDuration, empty: TransferDuration, acknowledged: Int) {
        let isLong = roundTrip > empty + min(max(empty / 8, Self.leastRise), Self.mostRise)
        (count, bytes) = isLong ? (count + 1, bytes + acknowledged) : (0, 0)
    }

    /// - Parameter datagram: the datagram size, bytes. A sample stands for two datagrams.
    func isForming(datagram: Int) -> Bool {
        count >= Self.samples || count >= Self.leastSamples && bytes >= 2 * Self.samples * datagram
    }
}
