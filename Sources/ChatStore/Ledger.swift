import ChatProtocol

/// Decides what each change becomes at its place in the order. It holds the rules that all engines share, without I/O.
///
/// An engine with transactions calls ``begin()`` before it decides and ``commit()`` or ``rollBack()`` afterwards.
public struct Ledger: Sendable {
    /// The decision on an appended change, which takes effect once it is stored.
    public enum Decision: Hashable, Sendable {
        case entry(Entry)
        case duplicate(MessageID, Timestamp)
        case refused(Conflict)
    }

    public private(set) var directory: Directory
    private var dedup: DedupWindow
    private var positions: MessageIDSource
    private var lastGroup: GroupID
    /// The nonces recorded in the current transaction.
    private var recordedNonces: [(account: AccountID, nonce: String)] = []

    public init(_ state: StoreState, at now: EventTime) {
        directory = Directory(state)
        dedup = DedupWindow(state.sent, at: now)
        positions = MessageIDSource(after: state.position)
        lastGroup = state.lastGroup
    }

    /// The last assigned position, including those that were rolled back.
    public var position: MessageID { positions.last }

    /// Applies an entry that somebody else has appended.
    public mutating func follow(_ entry: Entry, at now: EventTime) {
        positions = MessageIDSource(after: max(positions.last, entry.position))
        if case .groupCreated(let group) = entry.content { lastGroup = max(lastGroup, group.id) }
        if case .message(let message) = entry.content { recordNonce(of: message, at: now) }
        apply(entry)
    }

    public mutating func begin() { directory.beginJournal() }

    public mutating func commit() {
        directory.endJournal()
        recordedNonces.removeAll(keepingCapacity: true)
    }

    /// Reverts all changes since ``begin()``. Their positions and group numbers are not assigned again.
    public mutating func rollBack() {
        directory.rollBack()
        for (account, nonce) in recordedNonces { dedup.remove(nonce, of: account) }
        recordedNonces.removeAll(keepingCapacity: true)
    }

    public mutating func decide(_ change: Change, at now: EventTime) -> Decision {
        dedup.sweep(at: now.uptime)
        if case .message(let draft) = change, let nonce = draft.nonce, let first = dedup.find(nonce, of: draft.sender) {
            return .duplicate(first.message, first.time)
        }
        if let conflict = directory.conflict(with: change, at: now.wall) { return .refused(conflict) }
        let position = positions.next(at: now.wall)
        let entry = Entry(position: position, time: now.wall, content(of: change, at: position, now))
        apply(entry)
        return .entry(entry)
    }

    private mutating func content(of change: Change, at position: MessageID, _ now: EventTime) -> Entry.Content {
        switch change {
        case .message(let draft):
            let message = ChatMessage(draft, id: position, time: now.wall)
            if let nonce = draft.nonce {
                dedup.record(nonce, of: draft.sender, DedupWindow.First(message: position, time: now.wall), at: now.uptime)
                recordedNonces.append((draft.sender, nonce))
            }
            return .message(message)
        case .createGroup(let name, let founder, let isOpen, let invited):
            lastGroup = GroupID(rawValue: lastGroup.rawValue + 1)
            return .groupCreated(
                Group(
                    id: lastGroup, name: name, founder: founder, isOpen: isOpen, created: now.wall, members: [founder],
                    invited: Dictionary(uniqueKeysWithValues: invited.subtracting([founder]).map { ($0, founder) })))
        case .joinGroup(let group, let account): return .memberJoined(group, account)
        case .leaveGroup(let group, let account): return .memberLeft(group, account)
        case .invite(let account, let group, let inviter): return .invited(account, to: group, by: inviter)
        case .markRead(let account, let target, let time): return .readMarked(account, target, time)
        case .setPassword(let id, _):
            // The directory has the account, because a missing one is a conflict.
            guard let account = directory.accounts[id] else { return .accountRemoved(id) }
            return .accountSet(
                Account(
                    id: id, name: account.name, isBlocked: account.isBlocked, passwordGeneration: account.passwordGeneration + 1))
        case .record(let record): return .recorded(record)
        }
    }

    private mutating func recordNonce(of message: ChatMessage, at now: EventTime) {
        guard let nonce = message.nonce else { return }
        dedup.record(nonce, of: message.sender, DedupWindow.First(message: message.id, time: message.time), at: now.uptime)
    }

    private mutating func apply(_ entry: Entry) {
        directory.apply(entry)
        if case .accountRemoved(let account) = entry.content { dedup.forget(account) }
    }
}
