import ChatHub
import ChatProtocol

/// A hub cannot be copied; a script is handed on as it is.
private final class HubBox {
    var hub: Hub
    init(_ hub: consuming Hub) { self.hub = hub }
}

/// The hub with an outside made of values: passwords and a store in memory, answered at once or when the script says so; a clock that the script sets.
struct HubScript {
    private let box: HubBox
    private(set) var now: EventTime
    /// Name (folded) to password; an account that is here and not in the hub's state was added from outside.
    var passwords: [String: String]
    var accounts: [String: Account]
    /// Everything that was committed, in order.
    private(set) var kept: [StoreWrite] = []
    var storeFails = false
    /// What stands in for a password: token to its account (folded name).
    var tokens: [String: String] = [:]
    private var lastToken = 0
    /// The token of that number.
    static func token(_ number: Int) -> String {
        let digits = String(number)
        return ResumeTokenText.prefix + String(repeating: "0", count: ResumeTokenText.digits - digits.utf8.count) + digits
    }
    /// The store's answer to a question for conversations.
    var targets: [HistoryTarget] = []
    /// Where true, the outside answers only when ``settle()`` is called.
    var holdsBack = false
    private var waiting: [Event] = []
    private var wakes: [(uptime: Int64, id: SessionID)] = []
    private(set) var log: [String] = []
    private(set) var verifications = 0
    /// What of the outside a log-in was asked by, in order.
    private(set) var questions: [String] = []
    /// What each session was told, in order.
    private(set) var told: [SessionID: [Outgoing]] = [:]
    private var lastTold: [SessionID: MessageID] = [:]
    private(set) var answers: [SessionID: [(label: String?, response: [Outgoing])]] = [:]
    private(set) var closed: Set<SessionID> = []
    private(set) var paused: Set<SessionID> = []
    private(set) var hasStopped = false
    private var lastSession: UInt64 = 0

    init(
        _ configuration: HubConfiguration = HubConfiguration(), users: [String] = ["yoda", "luke", "hans"], state: HubState? = nil,
        now: EventTime = EventTime(wall: Timestamp(milliseconds: 1_700_000_000_000), uptime: 1_000_000)
    ) {
        var full = state ?? HubState()
        passwords = [:]
        accounts = [:]
        for (index, user) in users.enumerated() {
            guard let name = try? Name(user) else { continue }
            let account = Account(id: AccountID(rawValue: Int64(index + 1)), name: name)
            accounts[name.folded] = account
            passwords[name.folded] = "pw-" + name.folded
        }
        full.accounts = accounts.values.sorted { $0.id < $1.id }
        self.now = now
        box = HubBox(Hub(configuration, full, at: now))
    }

    /// Lets time pass, and tells of what was to be told on the way.
    mutating func advance(milliseconds: Int64) {
        let end = now.uptime + milliseconds
        while let next = wakes.indices.filter({ wakes[$0].uptime <= end }).min(by: { wakes[$0].uptime < wakes[$1].uptime }) {
            let wake = wakes.remove(at: next)
            pass(wake.uptime - now.uptime)
            handle(.woken(wake.id))
        }
        pass(end - now.uptime)
    }

    private mutating func pass(_ milliseconds: Int64) {
        now = EventTime(wall: now.wall.adding(milliseconds: milliseconds), uptime: now.uptime + milliseconds)
    }

    /// Sets the clock on the wall only.
    mutating func stepClock(milliseconds: Int64) {
        now = EventTime(wall: now.wall.adding(milliseconds: milliseconds), uptime: now.uptime)
    }

    mutating func connect(from address: String = "127.0.0.1") -> SessionID {
        lastSession += 1
        let id = SessionID(rawValue: lastSession)
        handle(.connected(id, address: address, isLoopback: address == "127.0.0.1"))
        return id
    }

    /// A session of that user, logged in and begun; what it was told so far is forgotten.
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

    /// Lets the outside answer all that waits, and what comes of it.
    mutating func settle() {
        while !waiting.isEmpty {
            let event = waiting.removeFirst()
            perform(box.hub.handle(event, at: now))
        }
    }

    /// Lets the outside answer one question.
    mutating func settleOne() {
        guard !waiting.isEmpty else { return }
        perform(box.hub.handle(waiting.removeFirst(), at: now))
    }

    /// Lets the outside answer any one question: readers and hashing overtake each other and the store, whose answers keep their order.
    mutating func settleOne(using random: inout some RandomNumberGenerator) {
        guard !waiting.isEmpty else { return }
        var index = Int.random(in: 0..<waiting.count, using: &random)
        if case .stored = waiting[index] {
            index = waiting.firstIndex { if case .stored = $0 { true } else { false } } ?? index
        }
        perform(box.hub.handle(waiting.remove(at: index), at: now))
    }

    /// The connection of a session goes.
    /// - Parameter written: the last message that its client has; all that it was told without it.
    mutating func disconnect(_ id: SessionID, _ ending: Event.Ending = .closed, written: MessageID?) {
        handle(.disconnected(id, ending, written: written, told: lastTold[id]))
    }

    mutating func forget(_ id: SessionID) {
        told[id] = []
        answers[id] = []
    }

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
                waiting.append(.disconnected(id, .byHub, written: nil))
            case .pauseReading(let id, let pauses): if pauses { paused.insert(id) } else { paused.remove(id) }
            case .wake(let id, let milliseconds): wakes.append((now.uptime + milliseconds, id))
            case .abandon(let requestID):
                for index in waiting.indices {
                    if case .verified(requestID, _) = waiting[index] { waiting[index] = .verified(requestID, .abandoned) }
                }
            case .verify(let requestID, let account, let proof, _):
                verifications += 1
                questions.append("verify")
                let found = account.flatMap { id in accounts.values.first { $0.id == id } }
                let (name, right) = (found?.name.folded, Event.Verification.right(passwords: found?.passwords ?? 0))
                switch proof {
                case .token(let token): waiting.append(.verified(requestID, name != nil && tokens[token] == name ? right : .expiredToken))
                case .password(let password):
                    waiting.append(.verified(requestID, name.map { passwords[$0] == password } == true ? right : .wrong))
                }
            case .findAccount(let requestID, let name):
                questions.append("findAccount")
                waiting.append(.accountFound(requestID, accounts[name.folded]))
            case .store(let requestID, let write):
                if !storeFails { kept.append(write) }
                if !storeFails, case .token(let grant) = write,
                    let account = accounts.values.first(where: { $0.id == grant.account && $0.passwords == grant.passwords })
                {
                    tokens[String(decoding: grant.hash, as: UTF8.self)] = account.name.folded
                }
                waiting.append(.stored(requestID, succeeded: !storeFails))
            case .loadMissed(let requestID, let account, let stretch, let ownAfter, let limit):
                let found = missed(account, after: stretch.after, ownAfter: ownAfter).filter { $0.id <= stretch.upTo }
                waiting.append(.missed(requestID, Array(found.prefix(limit))))
            case .loadHistory(let requestID, _, .targets): waiting.append(.historyTargets(requestID, targets))
            case .loadHistory(let requestID, let account, let query):
                waiting.append(.missed(requestID, history(account, query)))
            case .setPassword(let requestID, let account, let password):
                let found = accounts.values.first { $0.id == account }
                if let found { setPassword(of: found, to: password) }
                waiting.append(.passwordSet(requestID, passwords: found.map { $0.passwords + 1 }))
            case .makeToken(let requestID):
                lastToken += 1
                let token = HubScript.token(lastToken)
                waiting.append(.tokenMade(requestID, token: token, hash: Array(token.utf8), seconds: 60))
            case .awaitDrain(let requestID, _): waiting.append(.drained(requestID))
            case .log(let line): log.append(line.text)
            case .stopped: hasStopped = true
            }
        }
    }

    /// As from outside: all tokens end, and who knows the accounts knows that it is another one.
    mutating func setPassword(of account: Account, to password: String) {
        let name = account.name.folded
        passwords[name] = password
        accounts[name] = Account(id: account.id, name: account.name, isBlocked: account.isBlocked, passwords: account.passwords + 1)
        tokens = tokens.filter { $0.value != name }
    }

    /// The store's query: messages to that account and its groups since it joined, its own behind that one only.
    func missed(_ account: AccountID, after: MessageID, ownAfter: MessageID = MessageID(rawValue: .max)) -> [ChatMessage] {
        var joined: [GroupID: MessageID] = [:]
        var found: [ChatMessage] = []
        for write in kept {
            switch write {
            case .groupCreated(let group) where group.members.contains(account): joined[group.id] = .zero
            case .memberJoined(let group, account, let since): joined[group] = since
            case .memberLeft(let group, account): joined[group] = nil
            default: break
            }
        }
        for case .message(let message) in kept where message.id > after && (message.sender != account || message.id > ownAfter) {
            switch message.target {
            case .user(account, _): found.append(message)
            case .user where message.sender == account: found.append(message)
            case .group(let group, _): if let since = joined[group], message.id > since { found.append(message) }
            default: break
            }
        }
        return found.sorted { $0.id < $1.id }
    }

    /// The store's answer to a question for history, ranges applied; who may see what is not its business here.
    func history(_ account: AccountID, _ query: HistoryQuery) -> [ChatMessage] {
        var all: [ChatMessage] = []
        for case .message(let message) in kept { all.append(message) }
        switch query {
        case .user(let other, let range):
            return HubScript.cut(
                all.filter {
                    guard case .user(let target, _) = $0.target else { return false }
                    return ($0.sender == account && target == other) || ($0.sender == other && target == account)
                }, range)
        case .group(let group, let range):
            return HubScript.cut(all.filter { if case .group(group, _) = $0.target { true } else { false } }, range)
        case .targets: return []
        case .search(let words, let limit): return Array(all.filter { $0.text.contains(words) }.suffix(limit))
        }
    }

    private static func cut(_ messages: [ChatMessage], _ range: HistoryRange) -> [ChatMessage] {
        if let around = range.around {
            let behind = messages.filter { $0.id > around.upperBound }.prefix(range.limit / 2)
            return messages.filter { $0.id <= around.upperBound }.suffix(range.limit - behind.count) + behind
        }
        let inside = messages.filter { message in
            (range.after.map { message.id > $0 } ?? true) && (range.before.map { message.id < $0 } ?? true)
                && (range.laterThan.map { message.time > $0 } ?? true) && (range.earlierThan.map { message.time < $0 } ?? true)
        }
        return Array(range.takesLatest ? inside.suffix(range.limit) : inside.prefix(range.limit))
    }

    /// The replies that a session was told, as texts.
    func texts(_ id: SessionID) -> [String] {
        (told[id] ?? []).compactMap {
            switch $0 {
            case .reply(let reply), .farewell(let reply): reply.text
            default: nil
            }
        }
    }

    /// Who was in each group when each message to it was kept: the rule that nobody else may be told of it.
    func membersAtMessages() -> [MessageID: Set<AccountID>] {
        var members: [GroupID: Set<AccountID>] = [:]
        var found: [MessageID: Set<AccountID>] = [:]
        for write in kept {
            switch write {
            case .groupCreated(let group): members[group.id] = group.members
            case .memberJoined(let group, let account, _): members[group, default: []].insert(account)
            case .memberLeft(let group, let account): members[group]?.remove(account)
            case .message(let message): if case .group(let group, _) = message.target { found[message.id] = members[group] ?? [] }
            default: break
            }
        }
        return found
    }

    /// The messages that a session got from others.
    func messages(_ id: SessionID) -> [String] {
        (told[id] ?? []).compactMap {
            guard case .message(let message) = $0 else { return nil }
            return "\(message.senderName): \(message.text)"
        }
    }

    /// The ids of the messages that a session got.
    func messageIDs(_ id: SessionID) -> [MessageID] {
        (told[id] ?? []).compactMap { if case .message(let message) = $0 { message.id } else { nil } }
    }
}
