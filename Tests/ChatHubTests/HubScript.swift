import ChatProtocol
import ChatStore

@testable import ChatHub

/// The state that all hubs of a test share: one log, one clock, and the passwords and tokens of the accounts.
final class HubWorld: @unchecked Sendable {
    // Unchecked `Sendable`: a world belongs to one test.
    let log: MemoryLog
    fileprivate let initial: StoreState
    fileprivate var now: EventTime
    fileprivate var passwords: [String: String] = [:]
    fileprivate var tokens: [String: String] = [:]
    fileprivate var lastToken = 0
    fileprivate var hubs: UInt64 = 0

    fileprivate init(_ state: StoreState, at now: EventTime) {
        initial = state
        self.now = now
        log = MemoryLog(state, at: now)
    }
}

/// The parts of a script that cannot be copied; copies of the script share them.
private final class HubBox: @unchecked Sendable {
    // Unchecked `Sendable`: a script, its engine and its reports belong to one test.
    var hub: Hub
    /// The events that the outside will pass in, the first one first.
    var waiting: [Event] = []

    init(_ hub: consuming Hub) { self.hub = hub }
}

/// A hub with a simulated outside: passwords, a ``MemoryEngine`` and a clock that the script sets. The outside answers at once, or when the
/// script says so.
struct HubScript {
    let world: HubWorld
    private let box: HubBox
    private let engine: MemoryEngine
    /// The token with this number.
    static func token(_ number: Int) -> String {
        let digits = String(number)
        return ResumeTokenText.prefix + String(repeating: "0", count: ResumeTokenText.digits - digits.utf8.count) + digits
    }
    /// If true, the outside answers only when ``settle()`` is called.
    var holdsBack = false
    private var wakes: [(uptime: Int64, id: SessionID)] = []
    private(set) var lines: [String] = []
    private(set) var verifications = 0
    /// The kinds of questions that log-ins put to the outside, in order.
    private(set) var questions: [String] = []
    /// What the hub has sent to each session, in order.
    private(set) var told: [SessionID: [Outgoing]] = [:]
    private var lastTold: [SessionID: MessageID] = [:]
    private(set) var answers: [SessionID: [(label: String?, response: [Outgoing])]] = [:]
    private(set) var closed: Set<SessionID> = []
    private(set) var paused: Set<SessionID> = []
    private(set) var hasStopped = false
    private var lastSession: UInt64 = 0

    init(
        _ configuration: HubConfiguration = HubConfiguration(), users: [String] = ["yoda", "luke", "hans"], state: StoreState? = nil,
        now: EventTime = EventTime(wall: Timestamp(milliseconds: 1_700_000_000_000), uptime: 1_000_000)
    ) {
        var full = state ?? StoreState()
        full.accounts = []
        var passwords: [String: String] = [:]
        for (index, user) in users.enumerated() {
            guard let name = try? Name(user) else { continue }
            full.accounts.append(Account(id: AccountID(rawValue: Int64(index + 1)), name: name))
            passwords[name.folded] = "pw-" + name.folded
        }
        let world = HubWorld(full, at: now)
        world.passwords = passwords
        self.init(configuration, in: world)
    }

    /// Another hub on the log of a world, from its present state.
    init(_ configuration: HubConfiguration = HubConfiguration(), in world: HubWorld) {
        self.world = world
        box = HubBox(Hub(configuration, world.log.state(), at: world.now))
        engine = MemoryEngine(world.log) { world.now }
        lastSession = world.hubs * HubScript.sessionsOfAHub
        world.hubs += 1
        _ = try? engine.start { [box] reports in box.waiting.append(contentsOf: reports.map(Event.init)) }
    }

    /// The ids of sessions at the hub with the number N begin at N times this, so that an id names the hub of its session.
    static let sessionsOfAHub: UInt64 = 1_000_000

    var log: MemoryLog { world.log }
    var now: EventTime { world.now }

    /// The passwords by folded name.
    var passwords: [String: String] {
        get { world.passwords }
        nonmutating set { world.passwords = newValue }
    }

    /// The tokens, each with the folded name of its account.
    var tokens: [String: String] {
        get { world.tokens }
        nonmutating set { world.tokens = newValue }
    }

    /// Whether a new hub that applies the whole log has the same state as this one.
    var isReplayedAlike: Bool {
        var hub = Hub(HubConfiguration(), world.initial, at: now)
        for entry in log.entries { _ = hub.handle(.decided(nil, .stored(entry)), at: now) }
        engine.reportOthers()
        return box.hub.directory == hub.directory
    }

    /// Whether the store is full, so that nothing can be stored.
    var storeFails: Bool {
        get { log.isFull }
        nonmutating set { log.isFull = newValue }
    }

    /// The contents of all entries, in order.
    var kept: [Entry.Content] { log.entries.map(\.content) }
    /// The records that the hub has stored for itself, in order.
    var records: [HubRecord] { log.entries.compactMap { if case .recorded(let record) = $0.content { record } else { nil } } }

    /// The existing accounts by folded name, whether or not the hub knows of them.
    var accounts: [String: Account] { Dictionary(uniqueKeysWithValues: log.directory.accounts.values.map { ($0.name.folded, $0) }) }

    // Actions of another process. The hub sees them when it polls, or when its own next change is decided.

    /// - Parameter password: `pw-` and the name by default.
    mutating func addAccount(_ user: String, id: Int64, password: String? = nil) throws {
        let name = try Name(user)
        passwords[name.folded] = password ?? "pw-" + name.folded
        log.append(.accountSet(Account(id: AccountID(rawValue: id), name: name)), at: now)
    }

    func removeAccount(_ user: String) {
        guard let account = accounts[user] else { return }
        log.append(.accountRemoved(account.id), at: now)
    }

    /// Changes a password, which ends all tokens.
    mutating func setPassword(of account: Account, to password: String) {
        let name = account.name.folded
        passwords[name] = password
        tokens = tokens.filter { $0.value != name }
        let generation = (log.directory.accounts[account.id]?.passwordGeneration ?? 0) + 1
        log.append(
            .accountSet(
                Account(id: account.id, name: account.name, isBlocked: account.isBlocked, passwordGeneration: generation)), at: now)
    }

    func setBlocked(_ user: String, _ isBlocked: Bool) {
        guard let account = accounts[user] else { return }
        log.append(
            .accountSet(
                Account(id: account.id, name: account.name, isBlocked: isBlocked, passwordGeneration: account.passwordGeneration)), at: now)
    }

    /// The hub ends at once, as by SIGKILL: outcomes and answers on their way to it are lost, and its sessions with it. Another hub with the
    /// same configuration starts in its place.
    mutating func crash() {
        engine.stop()
        let holdsBack = holdsBack
        self = HubScript(in: world)
        self.holdsBack = holdsBack
    }

    /// Passes the entries of other processes to the hub.
    mutating func watch() {
        let before = box.waiting
        box.waiting = []
        engine.reportOthers()
        let others = box.waiting
        box.waiting = before
        // These entries overtake reads and hashing, but not earlier decisions.
        guard !before.contains(where: \.isOfTheOrder) else {
            box.waiting += others
            return
        }
        for event in others { perform(box.hub.handle(event, at: now)) }
        if !holdsBack { settle() }
    }

    /// Advances the time, with the wake-ups that are due on the way.
    mutating func advance(milliseconds: Int64) {
        let end = now.uptime + milliseconds
        while let next = wakes.indices.filter({ wakes[$0].uptime <= end }).min(by: { wakes[$0].uptime < wakes[$1].uptime }) {
            let wake = wakes.remove(at: next)
            pass(wake.uptime - now.uptime)
            handle(.woken(wake.id))
        }
        pass(end - now.uptime)
    }

    private func pass(_ milliseconds: Int64) {
        world.now = EventTime(wall: now.wall.adding(milliseconds: milliseconds), uptime: now.uptime + milliseconds)
    }

    /// Sets the wall clock only.
    func stepClock(milliseconds: Int64) {
        world.now = EventTime(wall: now.wall.adding(milliseconds: milliseconds), uptime: now.uptime)
    }

    mutating func connect(from address: String = "127.0.0.1") -> SessionID {
        lastSession += 1
        let id = SessionID(rawValue: lastSession)
        handle(.connected(id, address: address, isLoopback: address == "127.0.0.1"))
        return id
    }

    /// Logs a user in and begins the session; forgets what was sent to it so far.
    mutating func logIn(_ user: String) -> SessionID {
        let id = connect()
        send(id, .logIn(name: user, password: "pw-" + Name.fold(user), begins: true))
        forget(id)
        return id
    }

    mutating func send(_ id: SessionID, _ command: Command, label: String? = nil) { handle(.command(id, command, label: label)) }

    mutating func handle(_ event: Event) {
        perform(box.hub.handle(event, at: now))
        if !holdsBack { settle() }
    }

    /// Lets the outside answer all questions, and those that follow from them.
    mutating func settle() { while !box.waiting.isEmpty { settleOne() } }

    /// Lets the outside answer one question.
    mutating func settleOne() { if !box.waiting.isEmpty { perform(box.hub.handle(box.waiting.removeFirst(), at: now)) } }

    /// Lets the outside answer any one question: reads and hashing overtake each other and the engine, whose reports keep their order.
    mutating func settleOne(using random: inout some RandomNumberGenerator) {
        guard !box.waiting.isEmpty else { return }
        var index = Int.random(in: 0..<box.waiting.count, using: &random)
        if box.waiting[index].isOfTheOrder { index = box.waiting.firstIndex(where: \.isOfTheOrder) ?? index }
        perform(box.hub.handle(box.waiting.remove(at: index), at: now))
    }

    /// Ends the connection of a session.
    /// - Parameter acknowledged: the last message that the client is known to have received; nil if there is none.
    mutating func disconnect(_ id: SessionID, _ ending: Event.Ending = .closed, acknowledged: MessageID?) {
        handle(.disconnected(id, ending, acknowledged: acknowledged, sent: lastTold[id]))
    }

    mutating func forget(_ id: SessionID) {
        told[id] = []
        answers[id] = []
    }

    /// The relays that were granted.
    private(set) var grants: [RelayRequest] = []

    private mutating func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .respond(let id, let label, let response):
                answers[id, default: []].append((label, response))
                told[id, default: []] += response
            case .deliver(let ids, let outgoing):
                for id in ids {
                    told[id, default: []].append(outgoing)
                    if case .message(let message) = outgoing { lastTold[id] = message.id }
                }
            case .close(let id):
                closed.insert(id)
                box.waiting.append(.disconnected(id, .byHub, acknowledged: nil))
            case .pauseReading(let id, let pauses): if pauses { paused.insert(id) } else { paused.remove(id) }
            case .wake(let id, let milliseconds): wakes.append((now.uptime + milliseconds, id))
            case .abandon(let requestID):
                for index in box.waiting.indices {
                    if case .verified(requestID, _) = box.waiting[index] { box.waiting[index] = .verified(requestID, .abandoned) }
                }
            case .verify(let requestID, let account, let proof, _):
                verifications += 1
                questions.append("verify")
                box.waiting.append(.verified(requestID, judge(proof, of: account.flatMap { log.directory.accounts[$0] })))
            case .catchUp(let requestID):
                questions.append("catchUp")
                engine.catchUp(requestID)
            case .propose(let requestID, let change):
                engine.append([Proposal(requestID, change)])
                if !storeFails, case .record(.token(let grant)) = change, let account = log.directory.accounts[grant.account],
                    account.passwordGeneration == grant.passwordGeneration
                {
                    tokens[String(decoding: grant.hash, as: UTF8.self)] = account.name.folded
                }
            case .read(let requestID, let query): engine.read(requestID, query)
            case .setPassword(let requestID, let account, let password):
                if !storeFails, let name = log.directory.accounts[account]?.name.folded {
                    passwords[name] = password
                    tokens = tokens.filter { $0.value != name }
                }
                engine.append([Proposal(requestID, .setPassword(account, passwordHash: password))])
            case .grantRelay(let request): grants.append(request)
            case .makeToken(let requestID):
                world.lastToken += 1
                let token = HubScript.token(world.lastToken)
                box.waiting.append(.tokenMade(requestID, token: token, hash: Array(token.utf8), seconds: 60))
            case .awaitDrain(let requestID, _): box.waiting.append(.drained(requestID))
            case .log(let line): lines.append(line.text)
            case .stopped: hasStopped = true
            }
        }
    }

    private func judge(_ proof: Proof, of account: Account?) -> Event.Verification {
        let name = account?.name.folded
        let right = Event.Verification.right(generation: account?.passwordGeneration ?? 0)
        switch proof {
        case .token(let token): return name != nil && tokens[token] == name ? right : .expiredToken
        case .password(let password): return name.map { passwords[$0] == password } == true ? right : .wrong
        }
    }

    /// The messages to an account and its groups since it joined them; its own only after `ownAfter`.
    func missed(_ account: AccountID, after: MessageID, ownAfter: MessageID = MessageID(rawValue: .max)) -> [ChatMessage] {
        log.missed(account, .all(after: after), ownAfter: ownAfter)
    }

    /// The replies that a session has received, as texts.
    func texts(_ id: SessionID) -> [String] {
        (told[id] ?? []).compactMap {
            switch $0 {
            case .reply(let reply), .farewell(let reply): reply.text
            default: nil
            }
        }
    }

    /// The members of the group of each message when it was stored: nobody else may receive it.
    func membersAtMessages() -> [MessageID: Set<AccountID>] {
        var directory = Directory(world.initial)
        var found: [MessageID: Set<AccountID>] = [:]
        for entry in log.entries {
            if case .message(let message) = entry.content, case .group(let group, _) = message.target {
                found[message.id] = directory.groups[group]?.members ?? []
            }
            directory.apply(entry)
        }
        return found
    }

    /// The messages that a session has received from others.
    func messages(_ id: SessionID) -> [String] {
        (told[id] ?? []).compactMap {
            guard case .message(let message) = $0 else { return nil }
            return "\(message.senderName): \(message.text)"
        }
    }

    /// The ids of the messages that a session has received.
    func messageIDs(_ id: SessionID) -> [MessageID] {
        (told[id] ?? []).compactMap { if case .message(let message) = $0 { message.id } else { nil } }
    }
}

extension Event {
    fileprivate init(_ report: Report) {
        self =
            switch report {
            case .decided(let request, let outcome): .decided(request, outcome)
            case .caughtUp(let request): .caughtUp(request)
            case .found(let request, let answer): .found(request, answer)
            }
    }

    /// Whether events of this kind keep their order.
    fileprivate var isOfTheOrder: Bool {
        switch self {
        case .decided, .caughtUp: true
        default: false
        }
    }
}
