import TransferProtocol

/// The recent rate of a growing count: the average of the last three seconds, which is steady and current.
struct RateMeter {
    private static let span = 3.0
    private var samples: [(seconds: Double, count: UInt64)] = []
    /// Bytes done, with those of an earlier transfer.
    private var done: UInt64 = 0

    /// Adds a sample. The rate counts the bytes moved, without those of an earlier transfer.
    /// - Parameter seconds: the time of any monotonic clock.
    mutating func add(_ figures: TransferStatistics, at seconds: Double) {
        samples.append((seconds, figures.bytesMoved))
        done = figures.bytesDone
        while samples.count > 2, samples[1].seconds <= seconds - Self.span { samples.removeFirst() }
    }

    /// The count per second; 0 before the second sample.
    var rate: Double {
        guard let first = samples.first, let last = samples.last, last.seconds > first.seconds else { return 0 }
        return max(0, Double(last.count) - Double(first.count)) / (last.seconds - first.seconds)
    }

    /// Seconds until `total` is reached; nil if nothing moves.
    func remaining(to total: UInt64) -> Double? {
        guard rate > 0 else { return nil }
        return Double(total - min(total, done)) / rate
    }
}
