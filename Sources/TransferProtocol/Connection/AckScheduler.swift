/// Decides when to acknowledge: RFC 9000 §13.2, at the frequency that the peer requests (as in draft-ietf-quic-ack-frequency).
struct AckScheduler {
    private(set) var ranges = AckRanges()
    /// The largest number of an authenticated packet: truncated numbers are expanded near it.
    private(set) var largestAuthenticated: UInt64 = 0
    private var largestAt = TransferInstant.zero
    private var pending = 0
    private var isImmediate = false
    private var deadline: TransferInstant?
    /// The packet count and the delay that the peer requested.
    private var every = 2
    private var delay = TransferDuration.milliseconds(25)
    /// The path is known to reorder packets up to this number: a gap says little, and need not be acknowledged at once.
    private var reorderedUntil: UInt64 = 0
    /// For how many packets a late packet marks the path as reordering.
    private static let reorderingMemory: UInt64 = 1 << 12

    /// A cleartext number that is further than this from an authenticated one is considered damaged.
    static let plausibleDistance: UInt64 = 1 << 24

    /// The full packet number of a segment, or nil if it is not plausible.
    func expand(_ low: UInt32) -> UInt64? {
        let number = TruncatedNumber.expand(low, near: largestAuthenticated)
        let distance = number > largestAuthenticated ? number - largestAuthenticated : largestAuthenticated - number
        return distance <= Self.plausibleDistance ? number : nil
    }

    /// Whether no packet of a higher number has arrived.
    func isHighest(_ number: UInt64) -> Bool { ranges.largest.map { number > $0 } ?? true }

    /// Whether a sealed packet of this number is a duplicate: its frames have, or may have, been processed (RFC 9000 §13.2.3).
    func isRepeated(_ number: UInt64) -> Bool { ranges.mayContain(number) }

    /// Records a received packet.
    /// - Returns: whether the packet is new.
    mutating func received(_ number: UInt64, eliciting: Bool, authenticated: Bool, at now: TransferInstant) -> Bool {
        let expected = ranges.largest.map { $0 + 1 }
        let isNew = ranges.insert(number) == .new
        if authenticated { largestAuthenticated = max(largestAuthenticated, number) }
        if ranges.largest == number { largestAt = now }
        guard eliciting else { return isNew }
        if let expected, isNew {
            // A gap, or a late packet that fills one, is acknowledged at once (§13.2.1), but only the first time: on a path that reorders
            // again and again, late packets wait for the next regular ack. Packet numbers are used once, so a duplicate comes from the
            // network.
            if number != expected, number > reorderedUntil { isImmediate = true }
            if number < expected { reorderedUntil = expected &+ Self.reorderingMemory }
        }
        pending += 1
        if pending == 1 { deadline = now + delay }
        return isNew
    }

    mutating func setFrequency(every packets: UInt64, delay microseconds: UInt64, lowest: UInt64) {
        every = Int(min(max(packets, 1), 1024))
        delay = .microseconds(Int64(min(microseconds, 1_000_000)))
        // The peer needs no acks below this number.
        ranges.forget(below: min(lowest, largestAuthenticated))
    }

    /// Whether an ack is to be sent now.
    func isDue(at now: TransferInstant) -> Bool {
        guard pending > 0 else { return false }
        return isImmediate || pending >= every || deadline.map { $0 <= now } ?? false
    }

    var hasPending: Bool { pending > 0 }
    var nextTimeout: TransferInstant? { pending > 0 ? deadline : nil }

    /// Microseconds since the largest packet arrived, for the ack delay field.
    func delay(at now: TransferInstant) -> UInt64 { UInt64((now - largestAt).nanoseconds / 1000) }

    mutating func sent() {
        pending = 0
        isImmediate = false
        deadline = nil
    }
}
