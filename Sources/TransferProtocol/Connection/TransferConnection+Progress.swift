/// Whether what is sent gets anywhere, and what is done where it does not.
///
/// Each side judges what it has itself sent: of the peer it only sees that it is alive, and not why nothing comes; a stream may have no
/// bytes, a limit may let none go. With something of ours under way none of that explains that nothing is acknowledged: neither a
/// receiver's full disk nor its slow reader, for what arrives is acknowledged before it is written. Held by `StalledPathTests`.
extension TransferConnection {
    /// Datagrams that ``TransferConfiguration/rateLimit`` is given the time for, beyond the idle timeout.
    private static let datagramsOfLimit = 8.0
    private static let longestOfLimit = 30 * 86_400.0

    /// How long something may be under way of which nothing is acknowledged. A limit may need longer to repeat what was lost, and so may a path
    /// with a long round trip.
    private var stallPatience: TransferDuration {
        let ofLimit = configuration.rateLimit.map { Self.datagramsOfLimit * Double(PathMTU.base) / max($0, 1e-3) } ?? 0
        return max(configuration.idleTimeout, answerPatience * 2) + .seconds(min(ofLimit, Self.longestOfLimit))
    }

    /// When the connection is given up because nothing gets through though the peer is there. While that is not known, for it was not heard
    /// of in the second half of the time, ``idleDeadline`` decides.
    var stallDeadline: TransferInstant? {
        guard let since = waitingSince else { return nil }
        let patience = stallPatience
        return lastHeardAt >= since + patience / 2 ? since + patience : nil
    }

    /// Takes note of what an ack has brought.
    /// - Parameter isProgress: data or messages were acknowledged.
    func recordProgress(_ isProgress: Bool, at now: TransferInstant) {
        let nothingIsLeft = recovery.elicitingInFlight == 0 && !ring.hasSegmentToSend && !streamOut.hasBytesToSend
        if nothingIsLeft { waitingSince = nil } else if isProgress { waitingSince = now }
    }

    /// Whether data is sent as ECN-capable.
    var marksData: Bool { ecn.marksPackets && !fallback.sendsUnmarked }

    /// A probe timeout: perhaps the path does not carry data in the form that it has.
    func considerFallback(at now: TransferInstant) {
        // What is small and unmarked has the form already that passes best.
        guard !ring.isEmpty || recovery.hasOutstanding(longerThan: PathMTU.least) else { return }
        let form = PathFallback.Form(
            datagramSize: datagramSize, isBatched: role == .sender && !fallback.sendsSingly, isMarked: role == .sender && marksData)
        // An ack of anything has set the count back, and this timeout made it one.
        switch fallback.timedOut(form, heard: recovery.probeCount == 1, probeTimeout: recovery.probeTimeout, at: now) {
        case .nothing: break
        case .ping: smallPingPending = true
        case .take(let measure):
            smallPingPending = true
            if measure == .baseSize || measure == .smaller { fallBackToSmaller() }
        }
    }

    func fallBackToSmaller() {
        if let smaller = mtu.blackHole() { setDatagramSize(smaller) }
    }

    /// Data passes after what ``considerFallback(at:)`` changed.
    func settle(_ finding: PathFallback.Finding, at now: TransferInstant) {
        if finding.restoresSize { mtu.reopen() }
        guard finding.helped != nil else { return }
        // What was lost so far is no sign of congestion (RFC 8899 §3).
        recovery.beginAnew()
        beginAnew()
        // What is acknowledged next tells what became of the packets before.
        probesPending = max(probesPending, 1)
        updatePacer(at: now)
    }

    /// The controller and the pace know nothing of the path as it is now.
    func beginAnew() {
        controller = Self.makeController(configuration, datagramSize: datagramSize, seed: localID.value)
        pacer = Pacer()
    }
}
