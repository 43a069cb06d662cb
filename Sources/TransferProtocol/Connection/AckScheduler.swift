/// When to acknowledge: RFC 9000 §13.2, with the frequency the peer asks for (as draft-ietf-quic-ack-frequency lets it).
struct AckScheduler {
    private(set) var ranges = AckRanges()
    /// The largest number of a packet that was really the peer's: truncated numbers are expanded near it.
    private(set) var largestAuthenticated: UInt64 = 0
    private var largestAt = TransferInstant.zero
    private var pending = 0
    private var isImmediate = false
    private var deadline: TransferInstant?
    /// What the peer asked for.
    private var every = 2
    private var delay = TransferDuration.milliseconds(25)
    /// Up to this number the path is known to change the order of packets: a gap says little, and need not be told at once.
    private var reorderedUntil: UInt64 = 0
    /// For so many packets after a latecomer.
    private static let reorderingMemory: UInt64 = 1 << 12

    /// A number in the clear further away than this from an authenticated one is taken for damage.
    static let plausibleDistance: UInt64 = 1 << 24

    /// The full number of a segment, or nil if it is not plausible.
    func expand(_ low: UInt32) -> UInt64? {
        let number = TruncatedNumber.expand(low, near: largestAuthenticated)
        let distance = number > largestAuthenticated ? number - largestAuthenticated : largestAuthenticated - number
        return distance <= Self.plausibleDistance ? number : nil
    }

    /// Whether a sealed packet of this number is a repetition: the frames in it were taken already, or may have been (RFC 9000 §13.2.3).
    func isRepeated(_ number: UInt64) -> Bool { ranges.mayContain(number) }

    /// - Returns: whether the packet is new.
    mutating func received(_ number: UInt64, eliciting: Bool, authenticated: Bool, at now: TransferInstant) -> Bool {
        let expected = ranges.largest.map { $0 + 1 }
        let isNew = ranges.insert(number) == .new
        if authenticated { largestAuthenticated = max(largestAuthenticated, number) }
        if ranges.largest == number { largestAt = now }
        guard eliciting else { return isNew }
        if let expected, isNew {
            // A gap, or a latecomer that fills one: the sender wants to know at once (§13.2.1), once. What is late on a path that
            // changes the order time after time is told in its turn. A number is used once: its repetition is the network's.
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
        // Below this number the peer needs no acks any more.
        ranges.forget(below: min(lowest, largestAuthenticated))
    }

    /// Whether an ack wants to be sent now.
    func isDue(at now: TransferInstant) -> Bool {
        guard pending > 0 else { return false }
        return isImmediate || pending >= every || deadline.map { $0 <= now } ?? false
    }

    var hasPending: Bool { pending > 0 }
    var nextTimeout: TransferInstant? { pending > 0 ? deadline : nil }

    /// Microseconds since the largest packet arrived, for the ack's delay field.
    func delay(at now: TransferInstant) -> UInt64 { UInt64((now - largestAt).nanoseconds / 1000) }

    mutating func sent() {
        pending = 0
        isImmediate = false
        deadline = nil
    }
}
