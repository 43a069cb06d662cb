/// Counts of the ECN bits in the packets that one side has received (RFC 9000 §19.3.2).
struct ECNCounts: Equatable {
    /// ECT(0), ECT(1), CE.
    var capable0: UInt64 = 0
    var capable1: UInt64 = 0
    var congested: UInt64 = 0

    var isZero: Bool { self == ECNCounts() }

    /// The larger of each count: counts only grow, but acks can be reordered.
    func joined(with other: Self) -> Self {
        ECNCounts(
            capable0: max(capable0, other.capable0), capable1: max(capable1, other.capable1), congested: max(congested, other.congested))
    }

    /// - Parameter bits: the ECN bits of the IP header, RFC 3168 §5.
    mutating func count(_ bits: UInt8) {
        switch bits & 3 {
        case 1: capable1 += 1
        case 2: capable0 += 1
        case 3: congested += 1
        default: break
        }
    }
}

/// Validates that path and peer support ECN (RFC 9000 §13.4.2): packets are sent as ECN-capable until validation fails.
/// Held by `ECNTests`.
struct ECNValidator {
    enum State {
        /// Nothing is known yet.
        case testing
        case capable
        /// The bits are cleared, changed or not reported. ``PathFallback`` handles a path that drops ECN-capable packets.
        case failed
    }
    private(set) var state = State.testing
    private var counts = ECNCounts()
    /// ECN-capable packets of this path that had been acknowledged when `counts` was reported.
    private var acknowledged: UInt64 = 0

    var marksPackets: Bool { state != .failed }

    /// Validates the counts that an ack carries.
    /// - Parameters:
    /// - reported: the counts; nil if the ack has none.
    /// - acknowledgedCapable: ECN-capable packets of this path that are acknowledged so far, with this ack.
    /// - Returns: whether packets were newly marked "congestion experienced".
    mutating func received(_ reported: ECNCounts?, acknowledgedCapable: UInt64) -> Bool {
        guard state != .failed else {
            // Another path may be validated later, by the counts that are added from then on.
            if let reported { counts = counts.joined(with: reported) }
            return false
        }
        guard acknowledgedCapable > acknowledged || reported != nil else { return false }
        guard let reported else {
            state = .failed
            return false
        }
        // Acks can be reordered: an older one has smaller counts.
        guard reported.capable0 >= counts.capable0, reported.congested >= counts.congested else { return false }
        let seen = reported.capable0 - counts.capable0 + reported.congested - counts.congested
        guard seen >= acknowledgedCapable - acknowledged, reported.capable1 == 0 else {
            state = .failed
            return false
        }
        let isMarked = reported.congested > counts.congested
        counts = reported
        acknowledged = acknowledgedCapable
        state = .capable
        return isMarked
    }

    /// The validator of another path: the peer's counts continue, and only packets sent on that path are considered.
    func forAnotherPath() -> ECNValidator {
        var other = ECNValidator()
        other.counts = counts
        return other
    }
}
