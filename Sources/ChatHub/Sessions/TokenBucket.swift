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

    /// After how many milliseconds there will be so many tokens; nil where there are as many.
    /// - Parameter amount: for what is more than can be saved up all of that is enough.
    mutating func wait(for amount: Double = 1, at now: Int64) -> Int64? {
        tokens = min(capacity, tokens + Double(max(0, now - last)) / 1000 * perSecond)
        last = max(last, now)
        let missing = min(amount, capacity) - tokens
        return missing > 0 ? max(1, Int64((missing / perSecond * 1000).rounded(.up))) : nil
    }

    /// Takes so many tokens, whether there are as many or not: at most as many are owed as can be saved up.
    mutating func spend(_ amount: Double = 1) { tokens = max(-capacity, tokens - min(amount, capacity)) }

    /// Takes so many tokens, or says after how many milliseconds there will be as many.
    mutating func take(_ amount: Double = 1, at now: Int64) -> Int64? {
        if let wait = wait(for: amount, at: now) { return wait }
        spend(amount)
        return nil
    }
}
