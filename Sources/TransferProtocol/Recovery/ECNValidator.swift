/// Counts of ECN bits in the packets that one side received (RFC 9000 §19.3.2).
struct ECNCounts: Equatable {
    /// ECT(0), ECT(1), CE.
    var capable0: UInt64 = 0
    var capable1: UInt64 = 0
    var congested: UInt64 = 0

    var isZero: Bool { self == ECNCounts() }

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
        /// The bits are erased, changed or not reported, or marked packets do not arrive.
        case failed
    }
    private(set) var state = State.testing
    private var counts = ECNCounts()
    /// Capable packets that were acknowledged when `counts` came.
    private var acknowledged: UInt64 = 0

    var marksPackets: Bool { state != .failed }

    /// Takes the counts that came with an ack.
    /// - Parameters:
    ///   - reported: nil where the ack had none.
    ///   - acknowledgedCapable: capable packets acknowledged up to and with this ack, over the life of the connection.
    /// - Returns: whether packets were newly marked "congestion experienced".
    mutating func received(_ reported: ECNCounts?, acknowledgedCapable: UInt64) -> Bool {
        guard state != .failed, acknowledgedCapable > acknowledged || reported != nil else { return false }
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

    /// Probe after probe is lost and no capable packet ever arrived: it may be the bits that keep them from it.
    mutating func nothingArrives() { if state == .testing { state = .failed } }

    /// Another path: the counts go on, what the path does to the bits is to be seen anew.
    mutating func pathChanged() { state = .testing }
}
