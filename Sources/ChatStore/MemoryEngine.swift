import ChatProtocol

/// An order of entries in memory, shared by several hubs, each with a ``MemoryEngine`` of its own. It serves tests and the model as the
/// reference for every engine.
public final class MemoryLog {
    /// All entries, in order.
    public private(set) var entries: [Entry] = []
    /// Whether proposals fail, as they do on a full disk.
    public var isFull = false
    private var ledger: Ledger
    fileprivate var passwords: [AccountID: PasswordRecord] = [:]
    private var tokens: [[UInt8]: TokenGrant] = [:]
    /// The state before the first of ``entries``.
    private let initial: StoreState

    public init(_ state: StoreState = StoreState(), at now: EventTime) {
        initial = state
        ledger = Ledger(state, at: now)
    }

    public var directory: Directory { ledger.directory }

    /// Appends an entry as another process does, such as a tool that changes accounts.
    public func append(_ content: Entry.Content, at now: EventTime) {
        let entry = Entry(position: MessageIDSource(after: ledger.position).following(at: now.wall), time: now.wall, content)
        ledger.follow(entry, at: now)
        entries.append(entry)
        updateCredentials(entry)
    }

    func decide(_ change: Change, at now: EventTime) -> Outcome {
        if isFull { return .failed }
        switch ledger.decide(change, at: now) {
        case .entry(let entry):
            entries.append(entry)
            updateCredentials(entry)
            if case (.setPassword(_, let hash), .accountSet(let account)) = (change, entry.content) {
                passwords[account.id] = PasswordRecord(hash: hash, generation: account.passwordGeneration)
            }
            return .stored(entry)
        case .duplicate(let id, let time): return .duplicate(id, time)
        case .refused(let conflict): return .refused(conflict)
        }
    }

    /// The state from which a hub starts now.
    public func state() -> StoreState {
        var state = initial
        let directory = ledger.directory
        state.position = ledger.position
        state.accounts = directory.accounts.values.sorted { $0.id < $1.id }
        state.groups = directory.groups.values.sorted { $0.id < $1.id }
        state.readMarkers = directory.readMarkers
        for entry in entries {
            switch entry.content {
            case .groupCreated(let group): state.lastGroup = max(state.lastGroup, group.id)
            case .message(let message):
                if let nonce = message.nonce {
                    state.sent.append(.init(account: message.sender, nonce: nonce, message: message.id, time: message.time))
                }
            case .recorded(.lockOut(let row)):
                state.lockOuts.removeAll { $0.name == row.name }
                state.lockOuts.append(row)
            case .recorded(.lockOutsEnded(let names)): state.lockOuts.removeAll { names.contains($0.name) }
            case .recorded(.cursors(let cursors)): state.cursors.merge(cursors) { $1 }
            case .accountRemoved(let account):
                state.cursors[account] = nil
                state.sent.removeAll { $0.account == account }
            // The directory has the rest.
            default: break
            }
        }
        return state
    }

    // Credentials.

    /// A change of an account invalidates its tokens, and a new token is valid for the account's present password.
    private func updateCredentials(_ entry: Entry) {
        switch entry.content {
        case .accountSet(let account):
            tokens = tokens.filter {
                $0.value.account != account.id || !account.isBlocked && $0.value.passwordGeneration == account.passwordGeneration
            }
        case .accountRemoved(let id):
            tokens = tokens.filter { $0.value.account != id }
            passwords[id] = nil
        case .recorded(.token(let grant)):
            guard directory.accounts[grant.account]?.passwordGeneration == grant.passwordGeneration else { return }
            tokens[grant.hash] = grant
        default: break
        }
    }

    fileprivate func findToken(_ hash: [UInt8], of account: AccountID, at now: Timestamp) -> Int? {
        guard let grant = tokens[hash], grant.account == account, grant.expires > now else { return nil }
        return grant.passwordGeneration
    }

    // Reading.

    /// The messages to an account: direct ones, and those of its groups since it joined each; see
    /// ``StoreQuery/missed(_:_:ownAfter:limit:)``.
    public func missed(_ account: AccountID, _ range: MessageRange, ownAfter: MessageID = MessageID(rawValue: .max)) -> [ChatMessage] {
        var joined: [GroupID: MessageID] = [:]
        for group in initial.groups where group.members.contains(account) { joined[group.id] = .zero }
        for entry in entries {
            switch entry.content {
            case .groupCreated(let group) where group.members.contains(account): joined[group.id] = entry.position
            case .memberJoined(let group, account): joined[group] = entry.position
            case .memberLeft(let group, account): joined[group] = nil
            case .accountRemoved(account): joined = [:]
            default: break
            }
        }
        return messages.filter { message in
            guard message.id > range.after, message.id <= range.upTo, message.sender != account || message.id > ownAfter else {
                return false
            }
            switch message.target {
            case .user(let target, _): return target == account || message.sender == account
            case .group(let group, _): return joined[group].map { message.id > $0 } ?? false
            }
        }
    }

    public var messages: [ChatMessage] {
        entries.compactMap { if case .message(let message) = $0.content { message } else { nil } }
    }

    /// Answers a query without a check of access, which is the hub's.
    func history(_ account: AccountID, _ query: HistoryQuery) -> StoreAnswer {
        switch query {
        case .user(let other, let range):
            return .messages(
                range.cut(
                    messages.filter {
                        guard case .user(let target, _) = $0.target else { return false }
                        return ($0.sender == account && target == other) || ($0.sender == other && target == account)
                    }))
        case .group(let group, let range):
            return .messages(range.cut(messages.filter { if case .group(group, _) = $0.target { true } else { false } }))
        case .targets(let range): return .conversations(conversations(of: account, range))
        case .search(let words, let limit):
            let seen = missed(account, .all(after: .zero), ownAfter: .zero)
            return .messages(Array(seen.filter { $0.text.utf8.contains(words.utf8) }.suffix(limit)))
        }
    }

    private func conversations(of account: AccountID, _ range: HistoryRange) -> [HistoryTarget] {
        var latest: [String: ChatMessage] = [:]
        for message in missed(account, .all(after: .zero), ownAfter: .zero) {
            switch message.target {
            case .group(_, let name): latest["#" + name.text] = message
            case .user(_, let name): latest[message.sender == account ? name.text : message.senderName.text] = message
            }
        }
        let inside = Set(range.cut(latest.values.sorted { $0.id < $1.id }).map(\.id))
        return latest.filter { inside.contains($0.value.id) }
            .map { HistoryTarget(name: $0.key, latest: $0.value.id, time: $0.value.time) }.sorted { $0.latest < $1.latest }
    }
}

extension HistoryRange {
    /// The messages of a conversation that lie in the range, in their order.
    func cut(_ messages: [ChatMessage]) -> [ChatMessage] {
        if let around {
            let later = messages.filter { $0.id > around.upperBound }.prefix(limit / 2)
            return messages.filter { $0.id <= around.upperBound }.suffix(limit - later.count) + later
        }
        let inside = messages.filter { message in
            (after.map { message.id > $0 } ?? true) && (before.map { message.id < $0 } ?? true)
                && (laterThan.map { message.time > $0 } ?? true) && (earlierThan.map { message.time < $0 } ?? true)
        }
        return Array(takesLatest ? inside.suffix(limit) : inside.prefix(limit))
    }
}

extension String.UTF8View {
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        guard !other.isEmpty else { return true }
        return indices.contains { self[$0...].starts(with: other) }
    }
}

/// One hub's engine on a ``MemoryLog``. It reports on the caller's thread before the call returns, and entries of others with the next
/// call.
public final class MemoryEngine: Engine {
    private let log: MemoryLog
    private let clock: () -> EventTime
    private var report: (([Report]) -> Void)?
    /// The number of entries that this engine has reported or started with.
    private var reported = 0

    public init(_ log: MemoryLog, clock: @escaping () -> EventTime) {
        self.log = log
        self.clock = clock
    }

    public func start(_ report: @escaping @Sendable ([Report]) -> Void) throws -> StoreState {
        self.report = report
        reported = log.entries.count
        return log.state()
    }

    public func append(_ proposals: [Proposal]) {
        for proposal in proposals {
            var reports = follow()
            let outcome = log.decide(proposal.change, at: clock())
            reported = log.entries.count
            reports.append(.decided(proposal.request, outcome))
            report?(reports)
        }
    }

    public func catchUp(_ request: RequestID) { report?(follow() + [.caughtUp(request)]) }

    /// Reports the entries that others have appended.
    public func reportOthers() { report?(follow()) }

    private func follow() -> [Report] {
        defer { reported = log.entries.count }
        return log.entries[reported...].map { .decided(nil, .stored($0)) }
    }

    public func read(_ request: RequestID, _ query: StoreQuery) {
        switch query {
        case .missed(let account, let range, let ownAfter, let limit):
            report?([.found(request, .messages(Array(log.missed(account, range, ownAfter: ownAfter).prefix(limit))))])
        case .history(let account, let query): report?([.found(request, log.history(account, query))])
        }
    }

    public func stop() { report = nil }

    public func password(of account: AccountID) -> PasswordRecord? { log.passwords[account] }

    public func replaceHash(_ old: String, of account: AccountID, by hash: String) {
        guard let record = log.passwords[account], record.hash == old else { return }
        log.passwords[account] = PasswordRecord(hash: hash, generation: record.generation)
    }

    public func findToken(_ hash: [UInt8], of account: AccountID, done: @escaping @Sendable (Result<Int?, any Error>) -> Void) {
        done(.success(log.findToken(hash, of: account, at: clock().wall)))
    }

    /// Does nothing: nobody shows the accounts of a test.
    public func publish(active accounts: [AccountID]) {}
    public var isToPublishAgain: Bool { false }
}
