/// Finds a form of the data that the path carries, if data is lost while small packets pass, and keeps to it.
///
/// A path may drop large datagrams (RFC 8899 §4.3), batches of them that a filter on this host counts as one, or ECN-capable packets. Such
/// a path is not congested and the peer is alive: small packets pass. The evidence is a run of probe timeouts in which a ping is
/// acknowledged but no data is; each further such timeout changes one more thing. If data passes then, the last change is kept and the
/// others of the same search are undone. Held by `PathFallbackTests`.
struct PathFallback {
    /// The changes, in this order: from the most likely cause to the least, and the most costly last.
    enum Measure: Equatable {
        /// Datagrams of the minimum size, which the handshake proves.
        case baseSize
        /// Each datagram passed to the kernel on its own, not in a batch that is segmented later.
        case singly
        /// Packets that are not ECN-capable.
        case unmarked
        /// Datagrams one step smaller than those of the handshake.
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
        /// Send a small packet, to see whether it passes.
        case ping
        /// Make this change from now on, and send a small packet.
        case apply(Measure)
    }

    /// The conclusion when data is acknowledged after a change.
    struct Finding: Equatable {
        /// The change that helped; nil if data sent before it has arrived after all.
        var helped: Measure?
        /// The size was reduced in vain: larger ones may be probed again.
        var restoresSize: Bool
    }

    /// Probe timeouts without acknowledged data before the first change.
    private static let patience = 3
    /// After the last change, only one of so many timeouts sends a ping.
    private static let exhaustedPing = 4
    /// Timeouts further apart than this plus twice the probe timeout belong to different stalls.
    private static let apart = TransferDuration.seconds(Int64(4))

    /// Data is passed to the kernel one datagram at a time.
    private(set) var sendsSingly = false
    /// Data is sent without ECN bits.
    private(set) var sendsUnmarked = false
    /// The latest stall ended with smaller datagrams. If another one follows, they may not have been the cause: a piece of data that is left
    /// of a larger datagram passes where a batch does not, and so do probes for a larger size.
    private var isSizeInDoubt = false
    /// Probe timeouts since data was acknowledged.
    private var timeouts = 0
    /// Something was acknowledged since the latest change.
    private var isAlive = false
    private var isOneStallUntil = TransferInstant.zero
    /// The changes made in this stall.
    private var applied: [Measure] = []
    private var appliedAt = TransferInstant.zero

    /// Whether data has been unacknowledged for more than one probe timeout.
    var isStalled: Bool { timeouts > 1 }

    /// Records a probe timeout with data in flight.
    /// - Parameters:
    ///   - hasAck: whether anything was acknowledged since the previous timeout.
    ///   - probeTimeout: the longest time until the next timeout.
    mutating func timedOut(_ form: Form, hasAck: Bool, probeTimeout: TransferDuration, at now: TransferInstant) -> Action {
        if timeouts > 0, now > isOneStallUntil { forget() }
        if timeouts > 0, hasAck { isAlive = true }
        timeouts += 1
        isOneStallUntil = now + Self.apart + probeTimeout * 2
        guard timeouts >= Self.patience, isAlive else { return timeouts > 1 ? .ping : .nothing }
        guard let next = next(form) else { return timeouts.isMultiple(of: Self.exhaustedPing) ? .ping : .nothing }
        // Each change is judged on its own.
        isAlive = false
        applied.append(next)
        appliedAt = now
        if next == .singly { sendsSingly = true }
        if next == .unmarked { sendsUnmarked = true }
        return .apply(next)
    }

    private func next(_ form: Form) -> Measure? {
        if form.isBatched, isSizeInDoubt { return .singly }
        if form.datagramSize > PathMTU.base { return .baseSize }
        if form.isBatched { return .singly }
        if form.isMarked { return .unmarked }
        return form.datagramSize > PathMTU.least ? .smaller : nil
    }

    /// Records that data was acknowledged.
    /// - Parameter sentAt: when it was sent.
    /// - Returns: the conclusion about the changes since the previous call, if there are any.
    mutating func delivered(sentAt: TransferInstant) -> Finding? {
        guard timeouts > 0 else { return nil }
        defer { forget() }
        guard let last = applied.last else { return nil }
        let helped = sentAt >= appliedAt ? last : nil
        isSizeInDoubt = helped == .baseSize || helped == .smaller
        if helped != .singly, applied.contains(.singly) { sendsSingly = false }
        if helped != .unmarked, applied.contains(.unmarked) { sendsUnmarked = false }
        let isSmaller = applied.contains(.baseSize) || applied.contains(.smaller)
        return Finding(helped: helped, restoresSize: isSmaller && helped != .baseSize && helped != .smaller)
    }

    private mutating func forget() {
        timeouts = 0
        isAlive = false
        applied = []
    }
}
