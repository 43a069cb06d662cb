/// Flood control: so many a second on average, with ten seconds' worth saved up at most.
struct TokenBucket {
    private let perSecond: Double
    private var tokens: Double
    private var last: Int64

    /// - Parameter now: uptime, milliseconds.
    init(perSecond: Double, at now: Int64) {
        self.perSecond = perSecond
        tokens = max(1, perSecond * 10)
        last = now
    }

    /// Takes one token, or says after how many whole seconds there will be one.
    mutating func take(at now: Int64) -> Int? {
        tokens = min(max(1, perSecond * 10), tokens + Double(max(0, now - last)) / 1000 * perSecond)
        last = max(last, now)
        if tokens >= 1 {
            tokens -= 1
            return nil
        }
        return max(1, Int(((1 - tokens) / perSecond).rounded(.up)))
    }
}
