import ChatProtocol
import ChatStore

/// The chat service: every rule of who may do what, as a state machine without I/O.
///
/// Synchronous and single-threaded. Time is an argument. Hashing and the store lie outside: an action asks for them and an event answers.
/// Each command gets exactly one ``Action/respond(_:label:_:)``, in the order of the session's commands, unless the session closes first.
/// `HubTests` (scripts) and `HubModelTests` (random sequences) check these rules.
public struct Hub: ~Copyable {
    let configuration: HubConfiguration
    var directory: Directory
    var lockOuts: LockOutTable
    var guesses = PasswordAttemptQueue()
    /// The tokens that each account may still request.
    var tokenAllowances: [AccountID: TokenBucket] = [:]
    var attempts: AttemptThrottle
    var sessions: [SessionID: Session] = [:]
    /// The active sessions of each account, in the order in which they began.
    var sessionsOfAccount: [AccountID: [SessionID]] = [:]
    /// The number of logged-in sessions of each account, begun or not.
    var sessionCounts: [AccountID: Int] = [:]
    var connectionsOfNetwork: [String: Int] = [:]
    /// The sessions that have not logged in, in the order of their connections.
    var notLoggedIn = UnauthenticatedQueue()
    var audiences: [GroupID: Audience] = [:]
    /// The away text of each account that is away.
    var away: [AccountID: String] = [:]
    /// The sessions that want presence changes (IRCv3 away-notify).
    var presenceListeners: Set<SessionID> = []
    var pending: [RequestID: Pending] = [:]
    var cursors: DeliveryCursors
    var offers = OfferBook()
    /// The lines of the message of the day; empty if there is none.
    var messageOfTheDay: [String]
    private var lastRequestID: UInt64 = 0
    private(set) var isStopping = false
    public internal(set) var statistics = HubStatistics()
    /// The time of the current event.
    private var now: EventTime
    /// The actions of the current event so far.
    var actions: [Action] = []

    public init(_ configuration: HubConfiguration, _ state: StoreState, at now: EventTime) {
        self.configuration = configuration
        self.now = now
        directory = Directory(state)
        lockOuts = LockOutTable(
            maximumAttempts: configuration.maximumAttempts, blockSeconds: configuration.blockSeconds,
            forgetsAll: configuration.concealsUserNames)
        attempts = AttemptThrottle(maximumAttempts: configuration.maximumAttempts, blockSeconds: configuration.blockSeconds)
        lockOuts.restore(state.lockOuts, at: now, hasAccount: { [directory] in directory.account(named: $0) != nil })
        cursors = DeliveryCursors(state.cursors)
        messageOfTheDay = configuration.messageOfTheDay
    }

    /// Handles one event and returns the actions that follow from it, in order.
    public mutating func handle(_ event: Event, at now: EventTime) -> [Action] {
        var done: [Action] = []
        handle(event, at: now) { done.append($0) }
        return done
    }

    /// Like ``handle(_:at:)``, but passes each action to `carryOut`, and reuses one buffer for all events.
    public mutating func handle(_ event: Event, at now: EventTime, _ carryOut: (Action) -> Void) {
        dispatch(event, at: now)
        for action in actions { carryOut(action) }
        actions.removeAll(keepingCapacity: true)
    }

    private mutating func dispatch(_ event: Event, at now: EventTime) {
        self.now = now
        switch event {
        case .connected(let id, let address, let network, let isLoopback):
            connect(Session(id: id, address: address, network: network ?? address, isCounted: !isLoopback, connectedAt: now), at: now)
        case .command(let id, let command, let label, let bytes): accept(id, command, label: label, bytes: bytes)
        case .woken(let id): wake(id)
        case .inputConsumed(let id, let lines, let bytes): charge(id, lines: lines, bytes: bytes)
        case .disconnected(let id, let ending, let acknowledged, let sent): disconnect(id, ending, acknowledged: acknowledged, sent: sent)
        case .verified(let requestID, let verification): finish(requestID, .verification(verification), at: now)
        case .decided(let requestID, let outcome): decided(requestID, outcome, at: now)
        case .caughtUp(let requestID): finish(requestID, .caughtUp, at: now)
        case .found(let requestID, let found): finish(requestID, .found(found), at: now)
        case .tokenMade(let requestID, let token, let hash, let seconds):
            finish(requestID, .token(MadeToken(text: token, hash: hash, seconds: seconds)), at: now)
        case .drained(let requestID): finish(requestID, .drained, at: now)
        case .messageOfTheDayChanged(let lines): messageOfTheDay = lines
        case .arrived(let messages): recordArrived(messages)
        case .tick: tick(at: now)
        case .shutDown: shutDown()
        }
        if isStopping, sessions.isEmpty {
            isStopping = false
            saveCursors()
            actions.append(.stopped)
        }
    }

    /// Connections, accounts with a session, and requests that wait for an answer from outside; for metrics.
    public var counts: (sessions: Int, activeAccounts: Int, waiting: Int) { (sessions.count, sessionsOfAccount.count, pending.count) }

    /// The accounts with a session, in no order.
    public var activeAccounts: [AccountID] { Array(sessionsOfAccount.keys) }

    // The life of a session.

    private mutating func connect(_ session: Session, at now: EventTime) {
        let id = session.id
        fillBuckets(of: session, leastLines: Hub.linesToLogIn, at: now)
        if session.isCounted { connectionsOfNetwork[session.network, default: 0] += 1 }
        sessions[id] = session
        statistics.connections += 1
        notLoggedIn.append(id, isCounted: session.isCounted, at: now.uptime)
        if isStopping {
            close(id, .shuttingDown)
        } else if let limit = configuration.maximumConnectionsPerAddress, session.isCounted,
            connectionsOfNetwork[session.network] ?? 0 > limit
        {
            close(id, .tooManyConnections(limit: limit))
        } else if session.isCounted, notLoggedIn.count > Limits.unauthenticatedConnections {
            close(id, .busy)
        }
    }

    /// The lines that a client may send at once before its log-in, however low the rate. No client needs half of them.
    private static let linesToLogIn = 64.0

    /// Fills the session's rate limits to their burst size.
    /// - Parameter leastLines: the smallest burst, where the rate gives less.
    func fillBuckets(of session: Session, leastLines: Double = 1, at now: EventTime) {
        session.bucket = configuration.messageRate.map { TokenBucket(perSecond: $0, least: leastLines, at: now.uptime) }
        session.byteBucket = configuration.byteRate.map {
            TokenBucket(perSecond: $0, least: Double(Limits.longestLine), at: now.uptime)
        }
    }

    /// Charges lines that lead to no command. Too many of them end a connection that has not logged in; a logged-in session pays by a
    /// pause.
    private mutating func charge(_ id: SessionID, lines: Int, bytes: Int) {
        guard let session = sessions[id], !session.isClosing else { return }
        if session.account == nil, session.wait(lines: lines, bytes: bytes, at: now) != nil { return close(id, .flooded) }
        session.spend(lines: lines, bytes: bytes)
        updateReading(of: session)
    }

    private mutating func accept(_ id: SessionID, _ command: Command, label: String?, bytes: Int) {
        guard let session = sessions[id], !session.isClosing else { return }
        if session.backlog.isEmpty, admits(session, command, bytes: bytes) {
            begin(session, command, label: label, bytes: bytes)
        } else {
            session.backlog.append(Session.Waiting(command: command, label: label, bytes: bytes))
            updateReading(of: session)
        }
    }

    /// Whether a command can begin now. A logged-in session's commands above its rate wait, with all that follow. None is refused, so all
    /// keep their order.
    private mutating func admits(_ session: Session, _ command: Command, bytes: Int) -> Bool {
        guard session.canBegin(command) else { return false }
        guard session.account != nil, !command.isExemptFromRateLimit, let wait = session.wait(lines: 1, bytes: bytes, at: now) else {
            return true
        }
        awaitTurn(of: session, in: wait)
        return false
    }

    private mutating func awaitTurn(of session: Session, in milliseconds: Int64) {
        guard !session.isWakeAwaited else { return }
        session.isWakeAwaited = true
        actions.append(.wake(session.id, inMilliseconds: milliseconds))
    }

    private mutating func wake(_ id: SessionID) {
        sessions[id]?.isWakeAwaited = false
        drainBacklog(of: id)
    }

    private mutating func begin(_ session: Session, _ command: Command, label: String?, bytes: Int) {
        let id = session.id
        let sequence = session.open(label: label)
        let account = session.account.flatMap { directory.accounts[$0] }
        if !command.isExemptFromRateLimit {
            if account == nil, session.wait(lines: 1, bytes: bytes, at: now) != nil { return close(id, .flooded, answering: sequence) }
            session.spend(lines: 1, bytes: bytes)
        }
        guard let account else { return beginUnauthenticated(session, sequence, command, at: now) }
        if let word = command.slashWord { log(.received(command: word, user: account.name.text)) }
        execute(Request(session: id, sequence: sequence, account: account, command: command, at: now))
    }

    /// Begins the waiting commands that can begin now.
    mutating func drainBacklog(of id: SessionID) {
        guard let session = sessions[id] else { return }
        while !session.isClosing, let next = session.backlog.first, admits(session, next.command, bytes: next.bytes) {
            session.backlog.removeFirst()
            begin(session, next.command, label: next.label, bytes: next.bytes)
        }
        updateReading(of: session)
    }

    /// Pauses reading while many commands wait or the session is over its rate, and resumes it when few commands are left.
    private mutating func updateReading(of session: Session) {
        guard !session.isClosing else { return }
        let wait = session.account == nil ? nil : session.wait(lines: 0, bytes: 0, at: now)
        if let wait { awaitTurn(of: session, in: wait) }
        let isPaused = wait != nil || session.backlog.count >= (session.isPaused ? Session.backlogLow + 1 : Session.backlogHigh)
        guard isPaused != session.isPaused else { return }
        session.isPaused = isPaused
        actions.append(.pauseReading(session.id, isPaused))
    }

    /// Stores the response to the command with that sequence number, and sends every response that is due; see ``Session/open(label:)``.
    mutating func respond(_ id: SessionID, _ sequence: Int, _ response: [Outgoing]) {
        guard let session = sessions[id], !session.isClosing else { return }
        session.answer(sequence, response) { actions.append(.respond(id, label: $0, $1)) }
    }

    /// Says farewell to a session and closes it.
    /// - Parameter sequence: the command that led to the close. If it carries a label, the farewell is its response as well.
    mutating func close(_ id: SessionID, _ reply: Reply, answering sequence: Int? = nil) {
        guard let session = sessions[id], !session.isClosing else { return }
        if let sequence, session.label(of: sequence) != nil { respond(id, sequence, [.reply(reply)]) }
        sessions[id]?.isClosing = true
        sessions[id]?.backlog = []
        // A client that reads its farewell slowly occupies no place among the unauthenticated.
        notLoggedIn.remove(id)
        if case .goodbye = reply { session.hasLoggedOut = true }
        endActivity(of: session)
        actions.append(.deliver([id], .farewell(reply)))
        actions.append(.close(id))
    }

    /// Ends a session's activity: it gets nothing more, and others see it leave.
    private mutating func endActivity(of session: Session) {
        offers.end(of: session.id)
        presenceListeners.remove(session.id)
        guard session.hasBegun, let account = session.account, let index = sessionsOfAccount[account]?.firstIndex(of: session.id) else {
            return
        }
        sessionsOfAccount[account]?.remove(at: index)
        forgetAudiences(of: account)
        if sessionsOfAccount[account]?.isEmpty == true {
            sessionsOfAccount[account] = nil
            endPresence(of: account, hasLoggedOut: session.hasLoggedOut)
        }
    }

    private mutating func disconnect(_ id: SessionID, _ ending: Event.Ending, acknowledged: MessageID?, sent: MessageID?) {
        guard let session = sessions[id] else { return }
        if let acknowledged { recordReached(acknowledged, by: id) }
        endActivity(of: session)
        sessions[id] = nil
        if let requestID = session.verification { actions.append(.abandon(requestID)) }
        notLoggedIn.remove(id)
        if session.isCounted {
            connectionsOfNetwork[session.network, default: 1] -= 1
            if connectionsOfNetwork[session.network] == 0 { connectionsOfNetwork[session.network] = nil }
        }
        guard let account = session.account else { return }
        if ending == .sendQueueExceeded {
            statistics.sendQueueOverflows += 1
            log(
                .failed(
                    user: session.name, phrase: "receive fast enough",
                    reason: Reply.sendQueueExceeded.reason ?? Reply.sendQueueExceeded.code))
        }
        sessionCounts[account, default: 1] -= 1
        if sessionCounts[account] == 0 { sessionCounts[account] = nil }
        // A removed account has nothing undelivered.
        guard directory.accounts[account] != nil else { return }
        if let sent { recordUndelivered(account, MessageRange(after: session.reached, upTo: sent), of: session) }
        saveCursors(of: [account])
    }

    /// Records what these sessions' clients have, and saves it at once: after a crash these clients cannot say what they had.
    private mutating func recordArrived(_ messages: [SessionID: MessageID]) {
        for (id, message) in messages { recordReached(message, by: id) }
        saveCursors(of: messages.keys.compactMap { sessions[$0]?.account })
    }

    private mutating func tick(at now: EventTime) {
        saveCursors()
        logThrottled(attempts.sweep(at: now.uptime))
        lockOuts.sweep(at: now.uptime, hasAccount: { [directory] in directory.account(named: $0) != nil })
        forgetLockOuts()
        for row in lockOuts.popUnsaved(at: now) { record(.lockOut(row), then: .lockOut(name: row.name)) }
        let limit = Int64(configuration.loginTimeout) * 1000
        while let id = notLoggedIn.popFirst(connectedBefore: now.uptime - limit + 1) {
            close(id, .loginTimedOut(seconds: configuration.loginTimeout))
        }
    }

    private mutating func logThrottled(_ refused: [(address: String, count: Int)]) {
        for (address, count) in refused { log(.throttled(address: address, logIns: count)) }
    }

    private mutating func shutDown() {
        isStopping = true
        logThrottled(attempts.popRefused())
        for id in sessions.keys.sorted() { close(id, .shuttingDown) }
    }

    /// Records that the session's client has every message sent to it up to `message`.
    mutating func recordReached(_ message: MessageID, by id: SessionID) {
        guard let session = sessions[id], let account = session.account, message > session.reached else { return }
        session.reached = message
        if session.movesCursor { cursors.advance(to: message, account) }
        acknowledgeReplay(session, account)
    }

    /// Marks the undelivered ranges as delivered, as far as the client has its replay.
    mutating func acknowledgeReplay(_ session: Session, _ account: AccountID) {
        guard !session.undelivered.isEmpty else { return }
        let isAll = session.replay == .live && session.reached >= session.lastReplayed
        cursors.acknowledge(session.undelivered, of: account, upTo: isAll ? MessageID(rawValue: .max) : session.reached)
        if isAll { session.undelivered = [] }
    }

    /// Proposes the cursors that have changed.
    /// - Parameter accounts: the accounts to save; nil for all.
    private mutating func saveCursors(of accounts: [AccountID]? = nil) {
        let rows = cursors.popChanged(of: accounts)
        if !rows.isEmpty { record(.cursors(rows), then: .cursors(Array(rows.keys))) }
    }

    // Requests to the outside.

    mutating func newRequestID(_ what: Pending) -> RequestID {
        lastRequestID += 1
        let requestID = RequestID(rawValue: lastRequestID)
        pending[requestID] = what
        return requestID
    }

    /// Proposes a change to the engine. `what` handles its outcome.
    mutating func propose(_ change: Change, then what: Pending) { actions.append(.propose(newRequestID(what), change)) }

    /// Proposes a record of the hub's own state, such as a cursor or a lock-out.
    mutating func record(_ record: HubRecord, then what: Pending = .nothing) { propose(.record(record), then: what) }

    mutating func log(_ line: LogLine) { actions.append(.log(line)) }
}
