import CLinux
import Connectivity
import Glibc
import NetworkIO
import SystemSupport
import TransferProtocol

/// The loop of a ``TransferLoop``: everything here runs on its thread.
final class LoopCore {
    /// What other threads ask the loop to do, on its own thread.
    typealias Command = @Sendable (LoopCore) -> Void

    let endpoint: TransferEndpoint
    private let socket: UDPSocket
    let paths: PathSearches
    let mailbox: PolledMailbox<LoopCore.Command>
    private let incoming: @Sendable (TransferSession) -> Void
    /// The threads for long file operations. Several, because a disk syncs many small files in nearly the time of one; a file always uses
    /// the same.
    let workers = (0..<4).map { _ in FileWorker() }
    /// An epoll descriptor, readable when the mailbox has commands, a waiting source has bytes or a waiting output has room.
    let wakeUp: Int32
    private var links: LinkWatch?
    private var batch: DatagramBatch
    private let trace: LoopTrace?
    /// The batch that the system has not accepted completely; nothing else is sent before it.
    private var held: HeldBatch?
    var sessions: [UInt64: SessionState] = [:]
    private var keyWaiters: [(address: NetworkAddress, keys: AsyncStream<[UInt8]>.Continuation)] = []
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []
    private var stopDeadline: TransferInstant?
    var now = TransferInstant.zero

    /// Files offered and not yet done; each may cost the receiver three descriptors.
    private static let openOffers = 256
    /// Batches sent before acks are read from the socket.
    private static let sendBurst = 8
    /// The pause before another attempt to send if nothing signals that there is room.
    private static let heldPause = TransferDuration.milliseconds(1)
    private static let publishEvery = TransferDuration.milliseconds(50)
    /// Long enough for shares of it to be meaningful.
    private static let judgeEvery = TransferDuration.milliseconds(200)

    init(
        socket: sending UDPSocket, staticKey: NoiseKeyPair, configuration: TransferConfiguration, mailbox: PolledMailbox<LoopCore.Command>,
        trace: TraceFile?, incoming: @escaping @Sendable (TransferSession) -> Void
    ) throws {
        self.socket = socket
        paths = PathSearches(socket: socket) { [mailbox] body in mailbox.post { body($0.paths) } }
        self.mailbox = mailbox
        self.incoming = incoming
        endpoint = TransferEndpoint(configuration: configuration, staticKey: staticKey)
        self.trace = trace.map { LoopTrace($0, at: Self.clock()) }
        endpoint.trace = self.trace?.trace
        batch = DatagramBatch()
        wakeUp = clinux_watch_make()
        guard wakeUp >= 0 else { throw SystemError("make an event descriptor") }
        guard watch(mailbox.descriptor) else { throw SystemError("watch an event descriptor") }
        paths.deliver = { [unowned self] in endpoint.receive($0, segmentSize: $0.count, from: $1, at: $2) }
        paths.connection = { [unowned self] in sessions[$0]?.connection }
        // Without it a change of network is noticed when nothing arrives any longer.
        links = LinkWatch()
        if let links { _ = watch(links.descriptor) }
    }

    deinit { Glibc.close(wakeUp) }

    func worker(_ file: FileID) -> FileWorker { workers[Int(file) % workers.count] }
    private func watch(_ descriptor: Int32) -> Bool { clinux_watch_add(wakeUp, descriptor) == 0 }
    func unwatch(_ descriptor: Int32) { clinux_watch_remove(wakeUp, descriptor) }

    /// The clock includes time in which the machine is suspended, so that a peer that has given us up meanwhile is not waited for as long
    /// again.
    static func clock() -> TransferInstant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return TransferInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    func run() {
        now = Self.clock()
        while !isStopped {
            for command in mailbox.drain().elements { command(self) }
            now = Self.clock()
            if links?.hasChanged() == true { paths.linksChanged(at: now) }
            let received = socket.receive {
                if paths.receive($0, at: now) { return }
                endpoint.receive($0.bytes, segmentSize: $0.segmentSize, from: $0.from, to: $0.local, ecn: $0.ecn, at: now)
            }
            if paths.nextTimeout <= now { paths.advance(at: now) }
            if endpoint.nextTimeout <= now { endpoint.handleTimeout(at: now) }
            retryFiles()
            giveUpFullDisks()
            resumeLivenessWaiters()
            handleEvents()
            let moreToSend = sendBatches()
            publish()
            trace?.flush(isIdle: sessions.isEmpty, at: now)
            // A command may have stopped the loop: then there is nothing to wait for.
            if received == 0, !moreToSend, !isStopped { waitForWork() }
        }
        stop()
    }

    private var isStopped: Bool {
        guard let stopDeadline else { return false }
        return now >= stopDeadline || (endpoint.isQuiet && held == nil && sessions.values.allSatisfy(\.destinations.areNoneLent))
    }

    private func stop() {
        for command in mailbox.close() { command(self) }
        for state in Array(sessions.values) { ended(state, .failed(.cancelled)) }
        for session in paths.cancelAll() { session.end(.failed(.cancelled)) }
        for waiter in keyWaiters { waiter.keys.finish() }
        trace?.flush(isIdle: true, at: now)
        for waiter in stopWaiters { waiter.resume() }
    }

    private func waitForWork() {
        var until = min(endpoint.nextTimeout, paths.nextTimeout, stopDeadline ?? .distantFuture)
        for state in sessions.values {
            until = min(until, state.nextRetry, fullDeadline(state) ?? .distantFuture, state.livenessDeadline ?? .distantFuture)
        }
        now = Self.clock()
        if let held {
            // Expired timers request datagrams, which have to wait.
            until = held.retryAt ?? max(until, now + Self.heldPause)
        }
        guard until > now else { return }
        let isFull = held != nil && held?.retryAt == nil
        // While transfers are active their statistics are kept fresh.
        let longest = min(until - now, sessions.isEmpty ? .seconds(Int64(60)) : Self.judgeEvery)
        socket.wait(for: .nanoseconds(longest.nanoseconds), writable: isFull, wakeUp: wakeUp)
        let took = Self.clock() - now
        for state in sessions.values { state.limits.waited(took, for: cause(state)) }
    }

    /// What a session waits for while the loop has nothing to do.
    private func cause(_ state: SessionState) -> TransferStatistics.Limit {
        if state.fullSince != nil { return .diskFull }
        if state.waitingOutput != nil { return .reader }
        if state.isWriting { return state.isDiskSlow ? .disk : .cpu }
        if state.comparisons > 0 || !state.destinations.areNoneLent { return .disk }
        if held != nil { return .path }
        return state.session.isSender ? state.connection.stoppedBy : .senderOrPath
    }

    // Sending

    /// - Returns: whether there may be more to send at once.
    private func sendBatches() -> Bool {
        if let held {
            if let retryAt = held.retryAt, retryAt > now { return false }
            guard send(after: held.sent) else { return false }
        }
        for _ in 0..<Self.sendBurst {
            guard endpoint.nextDatagrams(into: &batch, at: now) else { return false }
            let isOut = send(after: 0)
            // Handling events may invalidate the memory that the batch's pieces point to.
            if !isOut { batch.commit() }
            handleEvents()
            now = Self.clock()
            if !isOut { return false }
        }
        return true
    }

    /// Sends the batch.
    /// - Parameter sent: datagrams of the batch that were sent before.
    /// - Returns: false if the batch has to wait.
    private func send(after sent: Int) -> Bool {
        held = nil
        if batch.destination.isRelayed {
            paths.send(batch.datagrams(), to: batch.destination)
            return true
        }
        var source = batch.source
        defer { if source != batch.source { endpoint.localAddressGone(batch.source) } }
        let result = batch.pieces.withMemoryRebound(to: iovec.self) { pieces in
            socket.send(
                pieces, segmentSize: batch.segmentSize, segments: batch.segments, to: batch.destination, from: &source, skip: sent,
                ecn: batch.ecn, separately: batch.isSeparate)
        }
        switch result {
        case .sent: break
        case .wouldBlock(let sent): held = HeldBatch(sent: sent, retryAt: nil)
        case .busy(let sent): held = HeldBatch(sent: sent, retryAt: now + Self.heldPause)
        case .tooLarge: endpoint.datagramTooLarge(batch.segmentSize, to: batch.destination)
        // No route, or an interface that went down: the transfer treats it as a loss, and its timeouts decide.
        case .failed: break
        }
        return held == nil
    }

    // Commands

    @discardableResult func send(
        _ sources: [any TransferSource], to addresses: [NetworkAddress], remoteKey: [UInt8], preSharedKey: [UInt8],
        _ session: TransferSession
    ) -> TransferConnection? {
        guard stopDeadline == nil, !addresses.isEmpty,
            let connection = try? endpoint.connect(
                to: addresses, remoteKey: remoteKey, preSharedKey: preSharedKey, contents: FolderContents.of(sources.map(\.offer)),
                at: Self.clock())
        else {
            session.end(.failed(stopDeadline == nil ? .unreachable : .cancelled))
            return nil
        }
        let state = SessionState(connection: connection, session: session)
        state.unoffered = sources[...]
        sessions[connection.handle] = state
        offerMore(state)
        return connection
    }

    /// Sends files to a peer that answers searches, on the path that is found.
    func send(_ sources: [any TransferSource], searching peer: PeerSearch, remoteKey: [UInt8], _ session: TransferSession) {
        guard stopDeadline == nil else { return session.end(.failed(.cancelled)) }
        paths.search(peer, for: session, at: Self.clock()) { [unowned self] found in
            guard let found else { return session.end(.failed(.unreachable)) }
            let connection = send(sources, to: [found], remoteKey: remoteKey, preSharedKey: peer.secret, session)
            if let connection { paths.attach(connection, secret: peer.secret) }
        }
    }

    /// Offers as many files as the receiver can be expected to have open at once; further ones follow as these are done.
    private func offerMore(_ state: SessionState) {
        while state.sources.count < Self.openOffers, !isFarAhead(state), let source = state.unoffered.popFirst() {
            state.lastOffered = state.connection.offer(source.offer)
            state.sources[state.lastOffered] = source
        }
        if state.unoffered.isEmpty { state.connection.endOffers() }
    }

    /// Whether the offers run as far ahead of a slow file as the receiver allows.
    private func isFarAhead(_ state: SessionState) -> Bool {
        guard Int(state.lastOffered) >= TransferLimits.fileSpan - 1, let first = state.sources.keys.min() else { return false }
        return Int(state.lastOffered - first) >= TransferLimits.fileSpan - 1
    }

    private func state(of session: TransferSession) -> SessionState? { sessions.values.first { $0.session === session } }

    func accept(_ file: FileID, into destination: any TransferDestination, inOrder: Bool, _ session: TransferSession) {
        // The file may have failed before it was answered.
        guard let state = state(of: session), state.connection.isOffered(file), state.destinations.add(destination, for: file) else {
            return destination.abandon()
        }
        // Hashing the held ranges of a large file takes long.
        lend(file, state) {
            $0.held
        } then: {
            $1.connection.answer(file, .accept(held: $2), inOrder: inOrder)
        }
    }

    func decline(_ file: FileID, _ reason: DeclineReason, _ session: TransferSession) {
        state(of: session)?.connection.answer(file, .decline(reason))
    }

    func probeLiveness(_ session: TransferSession, _ waiter: CheckedContinuation<Bool, Never>) {
        guard let state = state(of: session) else { return waiter.resume(returning: false) }
        state.livenessWaiters.append((Self.clock(), waiter))
        state.connection.ping()
    }

    private func resumeLivenessWaiters() {
        for state in sessions.values {
            state.livenessWaiters.removeAll { since, waiter in
                let isAlive = state.connection.lastReceivedAt > since
                guard isAlive || since + state.connection.answerPatience <= now else { return false }
                waiter.resume(returning: isAlive)
                return true
            }
        }
    }

    func close(_ session: TransferSession, _ reason: CloseReason, _ text: String) {
        if paths.cancel(session) { return session.end(.failed(.cancelled)) }
        state(of: session)?.connection.close(reason, text)
    }

    func requestKey(of address: NetworkAddress, _ keys: AsyncStream<[UInt8]>.Continuation) {
        keyWaiters.append((address, keys))
        endpoint.requestKey(of: address, at: Self.clock())
    }

    func shutDown(_ waiter: CheckedContinuation<Void, Never>, within grace: TransferDuration?) {
        stopWaiters.append(waiter)
        guard stopDeadline == nil else { return }
        // If all transfers are over, the first close is already sent and only its repetition is missing; a peer that receives none of them
        // knows from the files that it is done.
        stopDeadline = Self.clock() + (grace ?? (endpoint.connections.isEmpty ? .milliseconds(50) : .seconds(Int64(1))))
        for connection in endpoint.connections { connection.close(.goingAway, "") }
    }

    // Events

    private func handleEvents() {
        while let (connection, event) = endpoint.nextEvent() {
            if case .established = event, sessions[connection.handle] == nil {
                let session = TransferSession(isSender: false, mailbox: mailbox, invitation: connection.invitation)
                sessions[connection.handle] = SessionState(connection: connection, session: session)
                if let invitation = connection.invitation { paths.attach(connection, secret: invitation.preSharedKey) }
                incoming(session)
            }
            if let state = sessions[connection.handle] { handle(event, state) }
        }
        while let (address, key) = endpoint.nextKeyAnswer() {
            for waiter in keyWaiters where waiter.address == address {
                if let key { waiter.keys.yield(key) } else { waiter.keys.finish() }
            }
            if key == nil { keyWaiters.removeAll { $0.address == address } }
        }
    }

    private func handle(_ event: TransferEvent, _ state: SessionState) {
        let connection = state.connection
        switch event {
        case .read(let request): read(request, state)
        case .write(let request): write(request, state)
        case .established(let key, let verification):
            state.session.post(.established(peerKey: key, verification: verification, peer: connection.peerAddress))
        case .offered(let file, let offer): state.session.post(.offered(file, offer))
        case .offersEnded: state.session.post(.offersEnded)
        case .answered(let file, let answer):
            state.session.post(.answered(file, answer))
            switch answer {
            case .accept(let held): if !held.isEmpty { compare(file, held, state) }
            case .decline: forgetSource(file, state)
            }
        case .sourceRead(let file):
            guard let source = state.sources[file] else { return }
            if source.isUnchanged() {
                connection.end(file)
            } else {
                connection.fail(file, .sourceChanged, "\(source.offer.name) changed while it was being sent")
            }
        case .named(let file, let path): state.session.post(.named(file, path: path))
        case .delivered(let file):
            forgetSource(file, state)
            state.session.post(.done(file))
        case .resumed(let file, let kept): resume(file, kept, state)
        case .arrived(let file, let size): place(file, size, state)
        case .failed(let file, let failure, let text):
            forgetSource(file, state)
            // Files behind it must not wait for a stream that nobody wants any more.
            if let (request, descriptor) = state.waitingRead, request.file == file {
                unwatch(descriptor)
                state.waitingRead = nil
                connection.filled(request, count: 0)
            }
            forgetDestination(file, state)
            state.session.post(.failed(file, failure, text: text))
        case .peerPaused(let paused):
            state.peerFullSince = paused ? state.peerFullSince ?? now : nil
            state.session.post(.paused(paused))
        case .closed(let outcome): ended(state, outcome)
        }
    }

    private func forgetSource(_ file: FileID, _ state: SessionState) {
        guard state.sources.removeValue(forKey: file) != nil else { return }
        offerMore(state)
    }

    private func ended(_ state: SessionState, _ outcome: TransferOutcome) {
        guard sessions.removeValue(forKey: state.connection.handle) != nil else { return }
        paths.detach(state.connection.handle)
        if let (_, descriptor) = state.waitingRead { unwatch(descriptor) }
        unwatchOutput(state)
        state.destinations.abandonAll()
        // Otherwise the sender may not know, and sends all of them again.
        if outcome == .complete, state.connection.areMessagesDelivered { for record in state.records { record.remove() } }
        for (_, waiter) in state.livenessWaiters { waiter.resume(returning: false) }
        state.session.set(state.connection.statistics)
        state.session.end(outcome)
    }

    // Files: sending

    func read(_ request: ReadRequest, _ state: SessionState) {
        guard let source = state.sources[request.file] else { return state.connection.filled(request, count: 0) }
        let start = Self.clock()
        defer { state.limits.usedFiles(Self.clock() - start) }
        do {
            state.connection.filled(request, count: try source.read(into: request.buffer, at: request.offset))
        } catch let notReady as SourceNotReady {
            state.waitingRead = (request, notReady.descriptor)
            // A descriptor that cannot be watched is polled soon.
            state.retryAt = watch(notReady.descriptor) ? .distantFuture : now + .milliseconds(20)
        } catch let error as SystemError where error.isForWantOfDescriptors {
            // Other files release descriptors over time.
            state.waitingRead = (request, -1)
            state.retryAt = now + .milliseconds(20)
        } catch let error {
            var failure = FileFailure.sourceUnreadable
            if case SourceError.changed = error { failure = .sourceChanged }
            // The file fails first, so that the buffer's contents are discarded.
            state.connection.fail(request.file, failure, "\(error)")
            state.connection.filled(request, count: 0)
        }
    }

    private func compare(_ file: FileID, _ held: [HeldRange], _ state: SessionState) {
        guard let source = state.sources[file] else { return }
        let handle = state.connection.handle
        state.comparisons += 1
        worker(file).run { [mailbox] in
            // A range that cannot be read now is sent again, and the error is reported then.
            let kept = held.filter { (try? source.matches($0)) ?? false }.map(\.range)
            mailbox.post { core in
                guard let state = core.sessions[handle] else { return }
                state.comparisons -= 1
                state.connection.start(file, keeping: kept)
                if !kept.isEmpty { state.session.post(.resumed(file, kept: kept)) }
            }
        }
    }

    // Statistics

    private func publish() {
        for state in sessions.values where now - state.publishedAt >= Self.publishEvery {
            state.publishedAt = now
            judge(state)
            var figures = state.connection.statistics
            // A full disk is reported whatever the shares of the time are.
            if state.isPauseAnnounced { figures.limit = .diskFull }
            if figures.limit != .diskFull, let limit = state.limits.verdict { figures.limit = limit }
            state.session.set(figures)
        }
    }

    private func judge(_ state: SessionState) {
        let elapsed = now - state.judgedAt
        guard elapsed >= Self.judgeEvery else { return }
        let times = ThreadTimes.now()
        // The first call has no earlier times to compare with.
        if state.judgedAt > .zero { state.limits.judge(elapsed: elapsed, times: times - state.timesBefore) }
        state.judgedAt = now
        state.timesBefore = times
    }
}
