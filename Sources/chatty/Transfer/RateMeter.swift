/// The recent rate of a growing count: over the last three seconds, so that the figure is steady and yet true.
struct RateMeter {
    private static let span = 3.0
    private var samples: [(seconds: Double, count: UInt64)] = []

    /// - Parameter seconds: on any clock that only goes forward.
    mutating func add(_ count: UInt64, at seconds: Double) {
        samples.append((seconds, count))
        while samples.count > 2, samples[1].seconds <= seconds - Self.span { samples.removeFirst() }
    }

    /// A second's worth; 0 while there are not two samples.
    var rate: Double {
        guard let first = samples.first, let last = samples.last, last.seconds > first.seconds else { return 0 }
        return max(0, Double(last.count) - Double(first.count)) / (last.seconds - first.seconds)
    }

    /// Seconds until `total` is reached; nil where nothing moves.
    func remaining(to total: UInt64) -> Double? {
        guard let last = samples.last, rate > 0 else { return nil }
        return Double(total - min(total, last.count)) / rate
    }
}
