import TransferProtocol

/// The recent rate of a growing count: over the last three seconds, so that the figure is steady and yet true.
struct RateMeter {
    private static let span = 3.0
    private var samples: [(seconds: Double, count: UInt64)] = []
    /// With what was there before.
    private var done: UInt64 = 0

    /// Of what is moved: what an earlier transfer left is no speed of this one.
    /// - Parameter seconds: on any clock that only goes forward.
    mutating func add(_ figures: TransferStatistics, at seconds: Double) {
        samples.append((seconds, figures.bytesMoved))
        done = figures.bytesDone
        while samples.count > 2, samples[1].seconds <= seconds - Self.span { samples.removeFirst() }
    }

    /// A second's worth; 0 while there are not two samples.
    var rate: Double {
        guard let first = samples.first, let last = samples.last, last.seconds > first.seconds else { return 0 }
        return max(0, Double(last.count) - Double(first.count)) / (last.seconds - first.seconds)
    }

    /// Seconds until `total` is reached; nil where nothing moves.
    func remaining(to total: UInt64) -> Double? {
        guard rate > 0 else { return nil }
        return Double(total - min(total, done)) / rate
    }
}
