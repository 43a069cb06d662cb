/// Flood control: so much a second on average, with some saved up.
struct TokenBucket {
    private let perSecond: Double
    private let capacity: Double
    private var tokens: Double
    private var last: Int64

    /// - Parameters:
    ///   - least: what can always be saved up; ten seconds' worth where that is more.
    ///   - now: uptime, milliseconds.
    init(perSecond: Double, least: Double = 1, at now: Int64) {
        self.perSecond = perSecond
        capacity = max(least, perSecond * 10)
        tokens = capacity
        last = now
    }

    /// Takes so many tokens, or says after how many whole seconds there will be as many.
    /// - Parameter amount: what is more than can be saved up takes all of that.
    mutating func take(_ amount: Double = 1, at now: Int64) -> Int? {
        let amount = min(amount, capacity)
        tokens = min(capacity, tokens + Double(max(0, now - last)) / 1000 * perSecond)
        last = max(last, now)
        if tokens >= amount {
            tokens -= amount
            return nil
        }
        return max(1, Int(((amount - tokens) / perSecond).rounded(.up)))
    }
}
