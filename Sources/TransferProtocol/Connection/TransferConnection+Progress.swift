/// Progress of sent data: detection of a path on which nothing gets through, and the reaction to it.
///
/// Each side judges by what it has itself sent. Silence of the peer has honest reasons: a stream without bytes, a rate limit. Missing acks
/// for our own data have none, not even the receiver's full disk or slow reader, because data is acknowledged before it is written. Held by
/// `StalledPathTests`.
extension TransferConnection {
    /// Datagrams that ``TransferConfiguration/rateLimit`` must have time for, in addition to the idle timeout.
    private static let datagramsOfLimit = 8.0
    private static let longestOfLimit = 30 * 86_400.0

    /// How long data may be in flight without any ack. A rate limit may need longer to retransmit, and so may a path with a long round
    /// trip.
    private var stallPatience: TransferDuration {
        let ofLimit = configuration.rateLimit.map { Self.datagramsOfLimit * Double(PathMTU.base) / max($0, 1e-3) } ?? 0
        return max(configuration.idleTimeout, answerPatience * 2) + .seconds(min(ofLimit, Self.longestOfLimit))
    }

    /// When the connection fails because nothing gets through to a peer that is alive. Nil while that is unknown, because the peer was
    /// silent in the second half of the time: then ``idleDeadline`` decides.
    var stallDeadline: TransferInstant? {
        guard let since = waitingSince else { return nil }
        let patience = stallPatience
        return lastReceivedAt >= since + patience / 2 ? since + patience : nil
    }

    /// Updates ``waitingSince`` after an ack.
    /// - Parameter isProgress: data or messages were acknowledged.
    func recordProgress(_ isProgress: Bool, at now: TransferInstant) {
        let nothingIsLeft = recovery.elicitingOutstanding == 0 && !ring.hasSegmentToSend && !streamOut.hasBytesToSend
        if nothingIsLeft { waitingSince = nil } else if isProgress { waitingSince = now }
    }

    /// Reacts to a probe timeout: the path may not carry data in its present form.
    func considerFallback(at now: TransferInstant) {
        // Packets that are small and unmarked have the form that passes best already.
        guard !ring.isEmpty || recovery.hasOutstanding(longerThan: PathMTU.least, on: path) else { return }
        let form = PathFallback.Form(
            datagramSize: path.datagramSize, isBatched: role == .sender && !path.fallback.sendsSingly,
            isMarked: role == .sender && path.marksData)
        // Any ack resets the probe count, so a count of one means that something was acknowledged before this timeout.
        switch path.fallback.timedOut(form, hasAck: recovery.probeCount == 1, probeTimeout: recovery.probeTimeout(path), at: now) {
        case .nothing: break
        case .ping: smallPingPending = true
        case .apply(let measure):
            smallPingPending = true
            if measure == .baseSize || measure == .smaller { fallBackToSmaller() }
        }
    }

    func fallBackToSmaller() {
        if path.mtu.blackHole() != nil { datagramSizeChanged() }
    }

    /// Reacts to data that was acknowledged after ``considerFallback(at:)`` changed its form.
    func settle(_ finding: PathFallback.Finding, at now: TransferInstant) {
        if finding.restoresSize { path.mtu.reopen() }
        guard finding.helped != nil else { return }
        // The losses so far are no sign of congestion (RFC 8899 §3).
        paths.beginAnew()
        recovery.resetBackoff()
        // The next ack shows what became of the packets before.
        probesPending = max(probesPending, 1)
        updatePacer(at: now)
    }
}
