/// Timers of a connection.
extension TransferConnection {
    /// How long a responder waits for the packet that proves the initiator.
    private static let halfOpenTimeout = TransferDuration.seconds(Int64(10))
    /// How long a side with nothing left to do waits for the peer's acks or close.
    private static let finishTimeout = TransferDuration.seconds(Int64(15))
    /// Probe timeouts without an answer after which this host's address is no longer insisted on.
    private static let silentTimeouts = 3

    /// A third of the peer's idle timeout at most, so that a lost keep-alive does no harm.
    private var keepAlive: TransferDuration { min(configuration.keepAlive, peerIdleTimeout / 3) }
    var idleDeadline: TransferInstant { lastReceivedAt + configuration.idleTimeout }

    var nextTimeout: TransferInstant {
        switch phase {
        case .closed: return .distantFuture
        case .closing: return min(closeDue ?? .distantFuture, lingerUntil)
        case .handshaking:
            guard role == .sender else { return startedAt + Self.halfOpenTimeout }
            return min(hello?.nextAt ?? .distantFuture, startedAt + configuration.connectTimeout)
        case .established:
            var earliest = min(idleDeadline, lastSentAt + keepAlive)
            func consider(_ time: TransferInstant?) { if let time, time < earliest { earliest = time } }
            consider(recovery.nextTimeout(path))
            consider(acks.nextTimeout)
            consider(paths.nextTimeout)
            consider(pacedUntil)
            consider(blockedProbeAt)
            consider(headStuckSince.map { $0 + headPatience })
            consider(finishedAt.map { $0 + finishPatience })
            consider(offerlessSince.map { $0 + configuration.offerTimeout })
            consider(stallDeadline)
            consider(quietDeadline)
            return earliest
        }
    }

    /// When a receiver asks a sender that has become quiet for a sign of life: soon at first, then less and less often.
    ///
    /// A sender that waits for its source is as quiet as one whose datagrams go to an address that this side has lost, after a change of
    /// network or a restart of its router. The sender sees the new address only when something arrives from it.
    private var quietDeadline: TransferInstant? {
        guard role == .receiver, records.hasBegun, !incoming.isDone, recovery.elicitingOutstanding == 0 else { return nil }
        return max(lastReceivedAt, lastSegmentAt) + answerPatience * Int64(1 << min(quietPings, 5))
    }

    private var headPatience: TransferDuration { path.rtt.probeTimeout(maximumAckDelay: recovery.maximumAckDelay) * 3 }
    private var finishPatience: TransferDuration {
        role == .receiver && streamOut.isAcknowledged ? answerPatience : Self.finishTimeout
    }
    /// How long a live peer may take to answer: three probe timeouts, and at least a second.
    public var answerPatience: TransferDuration { max(headPatience, .seconds(Int64(1))) }

    func handleTimeout(at now: TransferInstant) {
        switch phase {
        case .closed: return
        case .closing:
            if now >= lingerUntil { phase = .closed }
        case .handshaking:
            guard role == .sender else {
                if now >= startedAt + Self.halfOpenTimeout { phase = .closed }
                return
            }
            if let hello, let claimed = hello.claimed, hello.haveAllClaimed, hello.nextAt <= now {
                finish(.failed(claimed), closing: nil)
            } else if now >= startedAt + configuration.connectTimeout {
                finish(.failed(hello?.claimed ?? .unreachable), closing: nil)
            }
        case .established: handleEstablishedTimeout(at: now)
        }
    }

    private func handleEstablishedTimeout(at now: TransferInstant) {
        if now >= idleDeadline {
            let isDone = role == .receiver && incoming.isDone
            finish(isDone ? .complete : .failed(.timedOut), closing: (isDone ? .done : .goingAway, ""))
            // A single close: the peer is probably gone, but perhaps only the path from it to us is broken.
            closesLeft = 1
            return
        }
        if let stallDeadline, now >= stallDeadline {
            let isDone = role == .receiver && incoming.isDone
            return finish(isDone ? .complete : .failed(.stalled), closing: (isDone ? .done : .stalled, ""))
        }
        completeIfDone(at: now)
        guard phase == .established else { return }
        switch recovery.timeout(paths, at: now) {
        case .nothing: break
        case .lossesDetected:
            settleContents(at: now)
            updatePacer(at: now)
            traceUpdate(at: now)
        case .sendProbes:
            // Two, so that the loss of one does not cost another timeout (RFC 9002 §6.2.4).
            probesPending = 2
            // The address in use may have died without a word, with the interface that has it.
            if recovery.probeCount >= Self.silentTimeouts {
                paths.releaseSource()
                moved(paths.fallBack(at: now), at: now)
            }
            for content in recovery.oldestContents(2) { retransmit(content) }
            if path.elicitingInFlight > 0 { considerFallback(at: now) }
        }
        if now >= lastSentAt + keepAlive { pingPending = true }
        if let quietDeadline, now >= quietDeadline {
            pingPending = true
            quietPings += 1
        }
        if role == .sender { watchHead(at: now) }
        if role == .sender { probeWindow(at: now) }
        paths.expire(at: now)
    }

    /// Retransmits the lowest record, sealed, if all of it is acknowledged and yet it does not open: an ack was for another packet, or
    /// damage went undetected.
    func watchHead(at now: TransferInstant) {
        guard ring.isHeadStuck else {
            headStuckSince = nil
            return
        }
        guard let since = headStuckSince, headRecord == ring.base else {
            headStuckSince = now
            headRecord = ring.base
            return
        }
        if now >= since + headPatience {
            headStuckSince = now
            ring.resendHead()
        }
    }

    /// Elicits a window frame if the window is full and nothing is in flight: a lost window frame must not stop the transfer for ever.
    func probeWindow(at now: TransferInstant) {
        guard ring.next >= peerLimit, recovery.elicitingOutstanding == 0, outgoing.nextRead != nil else {
            blockedProbeAt = nil
            return
        }
        guard let at = blockedProbeAt else {
            blockedProbeAt = now + .milliseconds(500) * Int64(1 << min(blockedProbes, 3))
            return
        }
        if now >= at {
            pingPending = true
            blockedProbes += 1
            blockedProbeAt = nil
        }
    }

    /// Closes the connection if there is nothing left to do.
    func completeIfDone(at now: TransferInstant) {
        guard phase == .established else { return }
        switch role {
        case .sender:
            guard outgoing.isDone else { return }
            // If every file is delivered, the receiver knows all that matters, whatever acks are lost, and may have left. A failed file
            // must be acknowledged.
            if streamOut.isAcknowledged || !outgoing.hasFailed { return finish(.complete, closing: (.done, "")) }
            guard let since = finishedAt else {
                finishedAt = now
                return
            }
            if now >= since + Self.finishTimeout { finish(.complete, closing: (.done, "")) }
        case .receiver:
            guard incoming.isDone else { return watchOffers(at: now) }
            guard let since = finishedAt else {
                finishedAt = now
                return
            }
            if now >= since + finishPatience { finish(.complete, closing: (.done, "")) }
        }
    }

    /// Closes the connection of a sender that offers nothing, to free its place for another.
    private func watchOffers(at now: TransferInstant) {
        guard incoming.unresolved == 0, !records.hasBegun else {
            offerlessSince = nil
            return
        }
        guard let since = offerlessSince else {
            offerlessSince = now
            return
        }
        if now >= since + configuration.offerTimeout { close(.cancelled, "nothing was offered", as: .timedOut) }
    }
}
