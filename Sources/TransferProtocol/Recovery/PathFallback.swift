/// Where data is lost and signs of life pass, finds a form of the data that the path carries, and keeps to it.
///
/// A path may stop to carry large datagrams (RFC 8899 §4.3), batches of them that a filter on this host counts as one, or what is marked
/// as ECN-capable. Such a path is not congested and the peer is not gone: small packets pass. So the evidence is a run of probe timeouts
/// in which no data is acknowledged though a ping is; each further such timeout changes one more thing. What helps is the last change;
/// the others of the same search are taken back. Held by `PathFallbackTests`.
struct PathFallback {
    /// What is changed, in this order: from the most likely cause to the least, and to what costs most.
    enum Measure: Equatable {
        /// Datagrams of the size that the handshake needed.
        case baseSize
        /// Each datagram on its own to the kernel, not a batch that is cut later.
        case singly
        /// Without ECN bits.
        case unmarked
        /// Datagrams smaller than that of the handshake, a step.
        case smaller
    }

    /// How data is sent at present.
    struct Form {
        var datagramSize: Int
        var isBatched: Bool
        var isMarked: Bool
    }

    enum Action: Equatable {
        case nothing
        /// See whether a small packet passes.
        case ping
        /// Change this from now on, and see whether a small packet passes.
        case take(Measure)
    }

    /// What it meant that data was acknowledged after a change.
    struct Finding: Equatable {
        /// The change that helped; nil where what was sent before it has arrived after all.
        var helped: Measure?
        /// The size was made smaller in vain: larger ones may be tried again.
        var restoresSize: Bool
    }

    /// Probe timeouts without data acknowledged before anything is changed.
    private static let patience = 3
    /// Where all was tried only every so many timeouts look for a sign of life.
    private static let exhaustedPing = 4
    /// Timeouts further apart are not of one stall: this, and twice the probe timeout.
    private static let apart = TransferDuration.seconds(Int64(4))

    /// Data goes to the kernel one datagram at a time.
    private(set) var sendsSingly = false
    /// Data goes without ECN bits.
    private(set) var sendsUnmarked = false
    /// Probe timeouts since data was acknowledged.
    private var timeouts = 0
    /// Something was acknowledged since the latest change.
    private var isAlive = false
    private var isOneStallUntil = TransferInstant.zero
    /// The changes of this stall.
    private var taken: [Measure] = []
    private var takenAt = TransferInstant.zero

    /// Data was not acknowledged for more than one probe timeout.
    var isStalled: Bool { timeouts > 1 }

    /// A probe timeout with data under way.
    /// - Parameters:
    ///   - heard: something was acknowledged since the one before.
    ///   - probeTimeout: when the next is due at the latest.
    mutating func timedOut(_ form: Form, heard: Bool, probeTimeout: TransferDuration, at now: TransferInstant) -> Action {
        if timeouts > 0, now > isOneStallUntil { forget() }
        if timeouts > 0, heard { isAlive = true }
        timeouts += 1
        isOneStallUntil = now + Self.apart + probeTimeout * 2
        guard timeouts >= Self.patience, isAlive else { return timeouts > 1 ? .ping : .nothing }
        guard let next = next(form) else { return timeouts.isMultiple(of: Self.exhaustedPing) ? .ping : .nothing }
        // Each change is judged on its own.
        isAlive = false
        taken.append(next)
        takenAt = now
        if next == .singly { sendsSingly = true }
        if next == .unmarked { sendsUnmarked = true }
        return .take(next)
    }

    private func next(_ form: Form) -> Measure? {
        if form.datagramSize > PathMTU.base { return .baseSize }
        if form.isBatched { return .singly }
        if form.isMarked { return .unmarked }
        return form.datagramSize > PathMTU.least ? .smaller : nil
    }

    /// Data was acknowledged.
    /// - Parameter sentAt: when it was sent.
    /// - Returns: what that says about the changes since it was last, if there were any.
    mutating func delivered(sentAt: TransferInstant) -> Finding? {
        guard timeouts > 0 else { return nil }
        defer { forget() }
        guard let last = taken.last else { return nil }
        let helped = sentAt >= takenAt ? last : nil
        if helped != .singly, taken.contains(.singly) { sendsSingly = false }
        if helped != .unmarked, taken.contains(.unmarked) { sendsUnmarked = false }
        let isSmaller = taken.contains(.baseSize) || taken.contains(.smaller)
        return Finding(helped: helped, restoresSize: isSmaller && helped != .baseSize && helped != .smaller)
    }

    private mutating func forget() {
        timeouts = 0
        isAlive = false
        taken = []
    }
}
