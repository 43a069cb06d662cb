import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import NIOCore

// Output: collected, written once per batch, and bounded.
extension ConnectionHandler {
    /// The largest single write. Longer output goes to the socket in several writes, so that delivery is known message by message.
    private static let largestWrite = 1 << 16

    /// Appends output that is no response. The groups of a session count as part of the response to its log-in.
    func enqueue(_ outgoing: Outgoing) {
        if case .farewell = outgoing, codec == nil, phase == .undecided, !isEncrypted { use(TextCodec()) }
        guard phase == .speaking || phase == .undecided, let bytes = encoded(outgoing) else { return }
        switch outgoing {
        case .entered, .farewell: enqueue(bytes)
        default: enqueue(bytes, isAsked: false)
        }
    }

    func enqueue(_ bytes: [UInt8], isAsked: Bool = true) {
        guard !bytes.isEmpty else { return }
        if phase == .closed { return }
        pending.writeBytes(bytes)
        appended(bytes.count, isAsked: isAsked)
    }

    /// - Parameter message: the stored message that the bytes show.
    func enqueue(_ bytes: ByteBuffer, _ message: MessageID?) {
        guard phase == .speaking, bytes.readableBytes > 0 else { return }
        if pending.readableBytes == 0 {
            // The buffer is shared with every session that gets nothing else.
            pending = bytes
        } else {
            pending.writeImmutableBuffer(bytes)
        }
        if let message {
            pendingMessage = message
            lastSent = message
        }
        appended(bytes.readableBytes, isAsked: false)
    }

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        worker.markDirty(self)
    }

    /// Bytes that the client has not read yet.
    var queued: Int { inFlight + pending.readableBytes }

    /// - Parameter isAsked: whether the bytes are a response. Responses do not count against the queue limit: a next command begins only
    ///   when little is queued.
    private func appended(_ bytes: Int, isAsked: Bool) {
        if isAsked { asked += bytes }
        guard queued - asked <= worker.settings.sendQueueLimit else { return overflow() }
        markDirty()
        if pending.readableBytes >= ConnectionHandler.largestWrite { write(flushing: false) }
    }

    /// Drops output that is not in the socket yet, and closes the connection. A client that reads on after all gets the reason.
    private func overflow() {
        guard phase == .speaking else { return abort() }
        pending = ConnectionHandler.empty
        pendingMessage = nil
        asked = min(asked, queued)
        closeGently(.sendQueueExceeded, sending: .farewell(.sendQueueExceeded))
    }

    /// Writes the pending bytes to the socket.
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

    /// Resumes lines that wait, once the client has read enough of its output.
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

    /// Writes what is queued and a last output, then closes.
    func closeGently(_ ending: Event.Ending, sending last: Outgoing? = nil) {
        guard phase != .closing, phase != .closed, let context else { return }
        if phase == .handshaking {
            self.ending = ending
            return context.close(promise: nil)
        }
        observeProgress()
        if let last, let bytes = encoded(last) { enqueue(bytes) }
        guard phase != .closed else { return }
        self.ending = ending
        phase = .closing
        pauseReading(false)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: worker.settings.lingering) { [self] in waitForReader() }
        markDirty()
    }

    /// Prolongs the wait for a slow reader. What lies in the system's buffers arrives if the client reads on; otherwise the next session
    /// gets it again.
    private func waitForReader() {
        observeProgress()
        guard phase == .closing, !progress.isSettled, let context else { return abort() }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: worker.settings.readerLingering) { [self] in abort() }
    }

    /// Ends the output: every byte is written.
    private func endOutput() {
        guard context != nil, !isOutputEnded else { return }
        isOutputEnded = true
        endWhenAcknowledged()
    }

    /// Closes the output once the client has acknowledged all of it and the hub knows. A client that reconnects as soon as it sees the end
    /// then gets nothing twice. `deadline` ends the wait for a dead client.
    func endWhenAcknowledged(pollingIn pause: TimeAmount = .milliseconds(5)) {
        guard isOutputEnded, isOpen, let context else { return }
        observeProgress()
        guard progress.isSettled else {
            let next = min(pause * 2, .milliseconds(100))
            context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in endWhenAcknowledged(pollingIn: next) }
            return
        }
        reportEnd()
        // A plain socket is shut down for writing first, and closed when the client has seen that. Closing it with unread input would reset
        // the connection and lose the last output (RFC 1122 §4.2.2.13). TLS has its own closing alert.
        if isEncrypted { context.close(promise: nil) } else { context.close(mode: .output, promise: nil) }
    }

    /// Closes at once and drops what is unsent.
    func abort() {
        guard phase != .closed else { return }
        phase = .closed
        pending = ConnectionHandler.empty
        // Bytes in the socket may be lost with it, so only acknowledged messages count.
        observeProgress()
        context?.close(promise: nil)
    }
}

extension ByteBuffer: ByteSink {
    public mutating func append(_ byte: UInt8) { writeInteger(byte) }
    public mutating func append(contentsOf bytes: [UInt8]) { writeBytes(bytes) }
    public mutating func append(contentsOf text: String.UTF8View) { writeBytes(text) }
}
