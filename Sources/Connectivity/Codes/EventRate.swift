/// Lets so many events happen in a second, and as many at once.
struct EventRate {
    private let perSecond: Double
    private var tokens: Double
    private var updated: Duration?

    init(perSecond: Int) {
        self.perSecond = Double(perSecond)
        tokens = Double(perSecond)
    }

    mutating func admits(at now: Duration) -> Bool {
        if let updated, now > updated { tokens = min(perSecond, tokens + (now - updated) / .seconds(1) * perSecond) }
        updated = max(updated ?? now, now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
