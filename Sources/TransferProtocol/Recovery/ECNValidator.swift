/// Counts of ECN bits in the packets that one side received (RFC 9000 §19.3.2).
struct ECNCounts: Equatable {
    /// ECT(0), ECT(1), CE.
    var capable0: UInt64 = 0
    var capable1: UInt64 = 0
    var congested: UInt64 = 0

    var isZero: Bool { self == ECNCounts() }

    /// The larger of each: of two acks, which may overtake each other, what the later one said.
    func joined(with other: Self) -> Self {
        ECNCounts(
            capable0: max(capable0, other.capable0), capable1: max(capable1, other.capable1), congested: max(congested, other.congested))
    }

    /// - Parameter bits: of the IP header, RFC 3168 §5.
    mutating func count(_ bits: UInt8) {
        switch bits & 3 {
        case 1: capable1 += 1
        case 2: capable0 += 1
        case 3: congested += 1
        default: break
        }
    }
}

/// Whether the path and the peer carry ECN truly (RFC 9000 §13.4.2): packets are sent as capable until it shows that they do not.
/// Held by `ECNTests`.
struct ECNValidator {
    enum State {
        /// Nothing is known yet.
        case testing
        case capable
        /// The bits are erased, changed or not reported. That marked packets do not arrive is found out by ``PathFallback``.
        case failed
    }
    private(set) var state = State.testing
    private var counts = ECNCounts()
    /// Capable packets of this path that were acknowledged when `counts` came.
    private var acknowledged: UInt64 = 0

    var marksPackets: Bool { state != .failed }

    /// Takes the counts that came with an ack.
    /// - Parameters:
    ///   - reported: nil where the ack had none.
    ///   - acknowledgedCapable: capable packets of this path acknowledged up to and with this ack.
    /// - Returns: whether packets were newly marked "congestion experienced".
    mutating func received(_ reported: ECNCounts?, acknowledgedCapable: UInt64) -> Bool {
        guard state != .failed else {
            // Another path may follow, where only what comes on top counts.
            if let reported { counts = counts.joined(with: reported) }
            return false
        }
        guard acknowledgedCapable > acknowledged || reported != nil else { return false }
        guard let reported else {
            state = .failed
            return false
        }
        // Acks overtake each other: an older one says less.
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

    /// Another path: the peer's counts go on, what the path does to the bits is to be seen anew, on packets that went there.
    mutating func pathChanged() {
        state = .testing
        acknowledged = 0
    }
}
