import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import NIOCore

// What is sent: gathered, written once a batch, and bounded.
extension ConnectionHandler {
    /// More than this is handed to the socket in several writes, so that what has been written whole is known to so many bytes.
    private static let largestWrite = 1 << 16

    /// The bytes of a shared outgoing, for all sessions of this one's representation.
    func encode(_ outgoing: Outgoing) -> ByteBuffer { ByteBuffer(bytes: encoded(outgoing) ?? []) }

    /// Says what comes unasked; the groups that a session is in belong to the answer to its log-in.
    func append(_ outgoing: Outgoing) {
        if case .farewell = outgoing, codec == nil, phase == .undecided, !isEncrypted { use(TextCodec()) }
        guard phase == .speaking || phase == .undecided, let bytes = encoded(outgoing) else { return }
        switch outgoing {
        case .entered, .farewell: append(bytes)
        default: append(bytes, isAsked: false)
        }
    }

    func append(_ bytes: [UInt8], isAsked: Bool = true) {
        guard !bytes.isEmpty else { return }
        if phase == .closed { return }
        pending.writeBytes(bytes)
        appended(bytes.count, isAsked: isAsked)
    }

    /// - Parameter message: the kept message that these bytes show.
    func append(_ bytes: ByteBuffer, _ message: MessageID?) {
        guard phase == .speaking, bytes.readableBytes > 0 else { return }
        if pending.readableBytes == 0 {
            // Shared with all others who get nothing but this.
            pending = bytes
        } else {
            pending.writeImmutableBuffer(bytes)
        }
        if let message {
            pendingMessage = message
            told = message
        }
        appended(bytes.readableBytes, isAsked: false)
    }

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        worker.markDirty(self)
    }

    /// Bytes that wait for their reader.
    var queued: Int { inFlight + pending.readableBytes }

    /// - Parameter isAsked: it is an answer, which does not count against the queue's limit: the next command is begun only when little waits.
    private func appended(_ bytes: Int, isAsked: Bool) {
        if isAsked { asked += bytes }
        guard queued - asked <= worker.settings.sendQueueLimit else { return overflow() }
        markDirty()
        if pending.readableBytes >= ConnectionHandler.largestWrite { write(flushing: false) }
    }

    /// What has not been given to the socket is dropped; behind what has come the last words, where the client reads on after all.
    private func overflow() {
        guard phase == .speaking else { return abort() }
        pending = ConnectionHandler.empty
        pendingMessage = nil
        asked = min(asked, queued)
        closeGently(.sendQueueExceeded, saying: .farewell(.sendQueueExceeded))
    }

    /// Hands what is pending to the socket.
    func flush() {
        isDirty = false
        if pending.readableBytes > 0 { write(flushing: true) } else { context?.flush() }
        answerDrainWaiters()
    }

    private func write(flushing: Bool) {
        guard let context else { return }
        let (bytes, message) = (pending, pendingMessage)
        pending = ConnectionHandler.empty
        pendingMessage = nil
        inFlight += bytes.readableBytes
        worker.countQueued(bytes.readableBytes)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            inFlight -= bytes.readableBytes
            worker.countQueued(-bytes.readableBytes)
            asked = min(asked, queued)
            if case .success = result, let message, !saysWhatIsShown {
                progress.give(message)
                worker.watch(self)
            }
            if !flushing || inFlight == 0 { answerDrainWaiters() }
            resumeHeldLines()
        }
        if flushing {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
        } else {
            context.write(wrapOutboundOut(bytes), promise: promise)
        }
    }

    static let empty = ByteBuffer()

    /// The reader has taken some of what it was sent: where lines had to wait for that, they wait no longer.
    private func resumeHeldLines() {
        if isHeld, queued <= worker.settings.outputMark / 2 { processLines() }
    }

    func awaitDrain(_ requestID: RequestID) {
        drains.append(requestID)
        markDirty()
    }

    private func answerDrainWaiters() {
        guard inFlight == 0, pending.readableBytes == 0 else { return }
        for requestID in drains { worker.submit(.drained(requestID)) }
        drains.removeAll()
        if phase == .closing { endOutput() }
    }

    /// Sends what is queued and these last words, then closes.
    func closeGently(_ ending: Event.Ending, saying last: Outgoing? = nil) {
        guard phase != .closing, phase != .closed, let context else { return }
        if phase == .handshaking {
            self.ending = ending
            return context.close(promise: nil)
        }
        observeProgress()
        if let last, let bytes = encoded(last) { append(bytes) }
        guard phase != .closed else { return }
        self.ending = ending
        phase = .closing
        pauseReading(false)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: worker.settings.lingering) { [self] in waitForReader() }
        markDirty()
    }

    /// What the system holds for a client that reads slowly arrives, if ever it reads on, and would come again: it gets more time for it.
    private func waitForReader() {
        observeProgress()
        guard phase == .closing, !progress.isSettled, let context else { return abort() }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: worker.settings.readerLingering) { [self] in abort() }
    }

    /// All is written.
    private func endOutput() {
        guard context != nil, !isOutputEnded else { return }
        isOutputEnded = true
        endWhenAcknowledged()
    }

    /// Ends the output when the client has all that it was told, and the hub knows of that: who comes again as soon as it has seen the end is told
    /// nothing twice. `deadline` ends the waiting for one that is gone.
    func endWhenAcknowledged(pollingIn pause: TimeAmount = .milliseconds(5)) {
        guard isOutputEnded, isOpen, let context else { return }
        observeProgress()
        guard progress.isSettled else {
            let next = min(pause * 2, .milliseconds(100))
            context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in endWhenAcknowledged(pollingIn: next) }
            return
        }
        reportEnd()
        // A plain socket is closed for writing first, and wholly when the client has seen it: closing it with unread input would take back the last
        // words (RFC 1122 §4.2.2.13). TLS has its own goodbye.
        if isEncrypted { context.close(promise: nil) } else { context.close(mode: .output, promise: nil) }
    }

    /// Closes at once, whatever is unsent.
    func abort() {
        guard phase != .closed else { return }
        phase = .closed
        pending = ConnectionHandler.empty
        // What waits in the socket may go with it, so only what is known to have arrived counts.
        observeProgress()
        context?.close(promise: nil)
    }
}
