/// Spreads datagrams over time (RFC 9002 §7.7): a bucket that fills at the pacing rate and holds one burst.
struct Pacer {
    /// A burst is at most what the rate carries in 1 ms, but never less than two datagrams.
    private static let burstSeconds = 0.001

    private var budget = 0.0
    private var refilledAt = TransferInstant.zero
    /// Bytes a second; 0 while unknown, which lets everything pass.
    private(set) var rate = 0.0
    private var burst = 0.0

    mutating func setRate(_ bytesPerSecond: Double, datagramSize: Int, at now: TransferInstant) {
        refill(at: now)
        rate = bytesPerSecond
        burst = max(bytesPerSecond * Self.burstSeconds, Double(2 * datagramSize))
        budget = min(budget, burst)
    }

    /// Bytes that may be sent now. The send may exceed it by less than one datagram.
    mutating func allowance(at now: TransferInstant) -> Int {
        guard rate > 0 else { return .max }
        refill(at: now)
        return Int(budget)
    }

    mutating func sent(_ bytes: Int) { if rate > 0 { budget -= Double(bytes) } }

    /// When the next datagram may be sent; `now` if at once.
    mutating func nextSend(at now: TransferInstant, datagramSize: Int) -> TransferInstant {
        guard rate > 0 else { return now }
        refill(at: now)
        // Waits for half a burst, so that wake-ups are few and sends are worth their cost.
        let wanted = max(Double(datagramSize), burst / 2)
        if budget >= min(Double(datagramSize), burst) { return now }
        return now + TransferDuration(nanoseconds: Int64(max((wanted - budget) / rate * 1e9, 1_000)))
    }

    private mutating func refill(at now: TransferInstant) {
        budget = min(burst, budget + rate * (now - refilledAt).inSeconds)
        refilledAt = max(now, refilledAt)
    }
}
