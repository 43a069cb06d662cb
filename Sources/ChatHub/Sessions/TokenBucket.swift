/// A token bucket for rate limits: a steady rate and a burst.
struct TokenBucket {
    private let perSecond: Double
    private let capacity: Double
    private var tokens: Double
    private var last: Int64

    /// - Parameters:
    ///   - least: the smallest burst. It is ten seconds' worth if that is more.
    ///   - now: uptime, milliseconds.
    init(perSecond: Double, least: Double = 1, at now: Int64) {
        self.perSecond = perSecond
        capacity = max(least, perSecond * 10)
        tokens = capacity
        last = now
    }

    /// The milliseconds until `amount` tokens are there; nil if they are.
    /// - Parameter amount: if it exceeds the burst, a full bucket is enough.
    mutating func wait(for amount: Double = 1, at now: Int64) -> Int64? {
        tokens = min(capacity, tokens + Double(max(0, now - last)) / 1000 * perSecond)
        last = max(last, now)
        let missing = min(amount, capacity) - tokens
        return missing > 0 ? max(1, Int64((missing / perSecond * 1000).rounded(.up))) : nil
    }

    /// Removes tokens, whether they are there or not. The bucket falls to minus its capacity at most.
    mutating func spend(_ amount: Double = 1) { tokens = max(-capacity, tokens - min(amount, capacity)) }

    /// Removes tokens if they are there; else returns the milliseconds until they are.
    mutating func trySpend(_ amount: Double = 1, at now: Int64) -> Int64? {
        if let wait = wait(for: amount, at: now) { return wait }
        spend(amount)
        return nil
    }
}
