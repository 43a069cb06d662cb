/// The seconds since it was made, on a clock that only goes forward.
struct TransferClock: Sendable {
    private let start = ContinuousClock.now
    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
}
