/// The seconds since its creation, on a monotonic clock.
struct TransferClock: Sendable {
    private let start = ContinuousClock.now
    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
}
