/// Tells by round trips in a row that a queue forms: each took longer than the path takes empty, by as much as RFC 9406 §4.3 asks for.
struct QueueSign {
    private static let samples = 8
    /// Fewer do where they are of as many packets: an ack of many gives one of them.
    private static let leastSamples = 3
    private static let leastRise = TransferDuration.milliseconds(4)
    private static let mostRise = TransferDuration.milliseconds(16)

    private var count = 0
    private var bytes = 0

    /// - Parameters:
    ///   - empty: the least that the path takes.
    ///   - acknowledged: bytes, by the ack that gave the round trip.
    mutating func add(_ roundTrip: TransferDuration, empty: TransferDuration, acknowledged: Int) {
        let isLong = roundTrip > empty + min(max(empty / 8, Self.leastRise), Self.mostRise)
        (count, bytes) = isLong ? (count + 1, bytes + acknowledged) : (0, 0)
    }

    /// - Parameter datagram: its size, bytes. A sample stands for two of them.
    func isForming(datagram: Int) -> Bool {
        count >= Self.samples || count >= Self.leastSamples && bytes >= 2 * Self.samples * datagram
    }
}
