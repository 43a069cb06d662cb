import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import DequeModule
import NIOConcurrencyHelpers
import NIOCore
import SystemSupport

/// The connections of one event loop. It carries out the hub's actions for them and collects their events for the hub.
///
/// Both directions are batched: one lock and one wake-up for all that came together, and one write per connection, however many messages it
/// gets.
final class LoopWorker: @unchecked Sendable {
    // Unchecked: `inbox` has its own lock; everything else is touched on the event loop only.
    let index: Int
    let eventLoop: any EventLoop
    let settings: ConnectionSettings
    private let hub: Mailbox<HubInput>
    private let inbox = NIOLockedValueBox<(actions: [Action], isScheduled: Bool)>(([], false))

    private var slots: [ConnectionHandler?] = []
    private var freeSlots: [Int] = []
    private var lastSerial: UInt32 = 0
    private var events: [HubInput] = []
    private var isSubmissionScheduled = false
    private var dirty: [ConnectionHandler] = []
    private var isFlushScheduled = false
    /// Connections with bytes that TCP has not acknowledged, the last polled at the end.
    private var watched: Deque<ConnectionHandler> = []
    private var ackPolls = AckPollSchedule()
    /// The number of the scheduled poll. A poll that is scheduled too late is not cancelled; its number is older, so it does nothing.
    private var ackPollNumber = 0
    private var isAckPollScheduled = false
    /// Kept up to date by the connections, so that reading it costs the same however many they are.
    private var counted = ConnectionCensus()
    private var ticking: RepeatedTask?

    init(index: Int, eventLoop: any EventLoop, settings: ConnectionSettings, hub: Mailbox<HubInput>) {
        self.index = index
        self.eventLoop = eventLoop
        self.settings = settings
        self.hub = hub
    }

    /// Starts the ticks of the hub, if this is the first loop.
    func start() {
        guard index == 0 else { return }
        eventLoop.execute { [self] in
            ticking = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [self] _ in hub.put(HubInput(.tick)) }
        }
    }

    /// Closes every open connection at once. Returns when the hub's mailbox has all of their events.
    func stop() async throws {
        try await eventLoop.submit { [self] in
            ticking?.cancel()
            for connection in slots { connection?.abort() }
        }.get()
        // The end of a channel is reported one turn of the loop later, and submitted to the hub in the turn after that.
        for _ in 1...3 { try await eventLoop.submit {}.get() }
    }

    /// The census of this loop's connections, for metrics. Callable on any thread.
    func census() -> EventLoopFuture<ConnectionCensus> {
        eventLoop.submit { [self] in counted }
    }

    /// Queues actions for connections of this loop. Callable on any thread.
    func post(_ actions: [Action]) {
        let isFirst = inbox.withLockedValue { inbox in
            if inbox.actions.isEmpty { inbox.actions = actions } else { inbox.actions += actions }
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if isFirst { eventLoop.execute { [self] in drain() } }
    }

    private func drain() {
        let actions = inbox.withLockedValue { inbox in
            defer { inbox = ([], false) }
            return inbox.actions
        }
        isFlushScheduled = true
        for action in actions { perform(action) }
        flushDirty()
    }

    private func perform(_ action: Action) {
        switch action {
        case .respond(let id, let label, let response): connection(id)?.answer(response, label: label)
        case .deliver(let ids, let outgoing): deliver(outgoing, to: ids)
        case .close(let id): connection(id)?.closeGently(.byHub)
        case .pauseReading(let id, let isPaused): connection(id)?.pauseReading(isPaused)
        case .wake(let id, let milliseconds):
            eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) { [self] in submit(.woken(id)) }
        case .awaitDrain(let requestID, let id):
            if let connection = connection(id) { connection.awaitDrain(requestID) } else { submit(.drained(requestID)) }
        case .verify, .abandon, .propose, .catchUp, .read, .setPassword, .makeToken, .grantRelay, .log, .stopped: break
        }
    }

    private func deliver(_ outgoing: Outgoing, to ids: [SessionID]) {
        var message: MessageID?
        if case .message(let kept) = outgoing { message = kept.id }
        guard outgoing.isShared else {
            for id in ids where id.loop == index { connection(id)?.enqueue(outgoing) }
            return
        }
        // Few representations are in use at a time, and a list is searched faster than a table.
        var encoded: [(representation: Representation, bytes: ByteBuffer)] = []
        for id in ids where id.loop == index {
            guard let connection = connection(id), let representation = connection.representation else { continue }
            if let known = encoded.first(where: { $0.representation == representation }) {
                connection.enqueue(known.bytes, message)
            } else {
                let bytes = connection.sharedBytes(of: outgoing)
                encoded.append((representation, bytes))
                connection.enqueue(bytes, message)
            }
        }
    }

    private func flushDirty() {
        isFlushScheduled = false
        let connections = dirty
        dirty.removeAll(keepingCapacity: true)
        for connection in connections { connection.flush() }
    }

    private func connection(_ id: SessionID) -> ConnectionHandler? {
        guard slots.indices.contains(id.slot), let connection = slots[id.slot], connection.id == id else { return nil }
        return connection
    }

    // Calls from connections of this loop.

    func add(_ connection: ConnectionHandler) -> SessionID {
        let slot = freeSlots.popLast() ?? slots.endIndex
        if slot == slots.endIndex { slots.append(nil) }
        slots[slot] = connection
        counted.kinds[connection.kind, default: 0] += 1
        lastSerial &+= 1
        return SessionID(loop: index, slot: slot, serial: lastSerial)
    }

    func remove(_ connection: ConnectionHandler) {
        let id = connection.id
        counted.kinds[connection.kind, default: 1] -= 1
        slots[id.slot] = nil
        freeSlots.append(id.slot)
    }

    /// Counts a connection as another kind.
    func recount(from before: ConnectionKind, to after: ConnectionKind) {
        guard before != after else { return }
        counted.kinds[before, default: 1] -= 1
        counted.kinds[after, default: 0] += 1
    }

    /// Adds to the bytes that wait for their readers.
    func countQueued(_ bytes: Int) { counted.queuedBytes += bytes }

    /// Watches a connection for the acknowledgement of a message that was given to its socket.
    func watch(_ connection: ConnectionHandler) {
        guard !connection.isWatched else { return }
        connection.isWatched = true
        watched.append(connection)
        if ackPolls.recordAddition() { isAckPollScheduled = false }
        scheduleAckPoll()
    }

    private func scheduleAckPoll() {
        guard !isAckPollScheduled, !watched.isEmpty else { return }
        isAckPollScheduled = true
        ackPollNumber += 1
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(ackPolls.pause(watched: watched.count))) { [self, ackPollNumber] in
            guard ackPollNumber == self.ackPollNumber else { return }
            isAckPollScheduled = false
            pollAcks()
        }
    }

    /// Reports to the hub which messages TCP has delivered at some of the watched connections. A connection whose client has everything is
    /// not watched any longer.
    private func pollAcks() {
        var arrived: [SessionID: MessageID] = [:]
        let count = AckPollSchedule.atOnce(watched: watched.count)
        for _ in 0..<count {
            guard let connection = watched.popFirst() else { break }
            let before = connection.progress.reached
            connection.observeProgress()
            if let reached = connection.progress.reached, reached != before { arrived[connection.id] = reached }
            connection.isWatched = connection.isOpen && !connection.progress.isSettled
            if connection.isWatched { watched.append(connection) }
        }
        ackPolls.recordPoll(of: count, hasMoved: !arrived.isEmpty, watched: watched.count)
        if !arrived.isEmpty { hub.put(HubInput(.arrived(arrived))) }
        scheduleAckPoll()
    }

    /// Registers a connection to be flushed at the end of the batch.
    func markDirty(_ connection: ConnectionHandler) {
        dirty.append(connection)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute { [self] in flushDirty() }
    }

    /// Submits an event to the hub, together with all others of this turn of the loop.
    func submit(_ event: Event, at moment: EventTime = .now) {
        events.append(HubInput(event, at: moment))
        guard !isSubmissionScheduled else { return }
        isSubmissionScheduled = true
        eventLoop.execute { [self] in
            isSubmissionScheduled = false
            hub.put(events)
            events.removeAll(keepingCapacity: true)
        }
    }
}
