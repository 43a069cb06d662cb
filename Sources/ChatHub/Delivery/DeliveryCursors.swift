import ChatProtocol
import ChatStore

/// The delivery cursor of each account: up to which message it has received everything. A replay begins there.
///
/// An account has one cursor for all its sessions: what one session has received is not replayed to the next. What a session was sent and
/// lost with its connection stays undelivered, however far the cursor is. It ends when a later session has received it, or when the client
/// that lost it reconnects and names the last message it has.
struct DeliveryCursors {
    private struct Account {
        var reached = MessageID.zero
        var undelivered: [Item] = []
    }

    private struct Item {
        let number: Int
        var lost: DeliveryCursor.Undelivered
    }

    private var accounts: [AccountID: Account] = [:]
    private var changed: Set<AccountID> = []
    private var lastNumber = 0
    /// The most undelivered ranges of one account. Beyond it the closest two are merged, and what lies between them is delivered again.
    static let mostUndelivered = 16

    init(_ cursors: [AccountID: DeliveryCursor]) {
        for (account, cursor) in cursors {
            accounts[account] = Account(reached: cursor.reached)
            for lost in cursor.undelivered { record(account, lost.range, client: lost.client) }
        }
        changed = []
    }

    func reached(_ account: AccountID) -> MessageID { accounts[account]?.reached ?? .zero }

    /// The ranges to replay: those undelivered and all after the cursor, sorted and disjoint. The last range has no end.
    func due(to account: AccountID) -> [MessageRange] {
        let ranges = (accounts[account]?.undelivered ?? []).map(\.lost.range) + [.all(after: reached(account))]
        var due: [MessageRange] = []
        for range in ranges.sorted(by: { $0.after < $1.after }) {
            if let last = due.last, range.after <= last.upTo {
                due[due.count - 1].upTo = max(last.upTo, range.upTo)
            } else {
                due.append(range)
            }
        }
        return due
    }

    /// The numbers of the undelivered ranges after `start`. A session whose replay begins at `start` delivers them.
    func undelivered(of account: AccountID, after start: MessageID) -> Set<Int> {
        Set((accounts[account]?.undelivered ?? []).filter { $0.lost.range.after >= start }.map(\.number))
    }

    /// Shortens the undelivered ranges of these numbers: a session has received everything in them up to `message`.
    mutating func acknowledge(_ numbers: Set<Int>, of account: AccountID, upTo message: MessageID) {
        guard !numbers.isEmpty, var cursor = accounts[account] else { return }
        var isChanged = false
        cursor.undelivered = cursor.undelivered.compactMap { item in
            guard numbers.contains(item.number), message > item.lost.range.after else { return item }
            isChanged = true
            var item = item
            item.lost.range.after = message
            return item.lost.range.after < item.lost.range.upTo ? item : nil
        }
        guard isChanged else { return }
        accounts[account] = cursor
        changed.insert(account)
    }

    /// Moves the cursor forward: a client has `message` and all that precedes it.
    mutating func advance(to message: MessageID, _ account: AccountID) {
        guard message > reached(account) else { return }
        accounts[account, default: Account()].reached = message
        changed.insert(account)
    }

    /// Records a range that a session was sent and did not confirm.
    mutating func record(_ account: AccountID, _ range: MessageRange, client: String?) {
        lastNumber += 1
        var cursor = accounts[account] ?? Account()
        cursor.undelivered.append(Item(number: lastNumber, lost: DeliveryCursor.Undelivered(range, client: client)))
        if cursor.undelivered.count > DeliveryCursors.mostUndelivered { mergeClosest(&cursor.undelivered) }
        accounts[account] = cursor
        changed.insert(account)
    }

    /// Replaces the two closest ranges by one that covers both.
    private mutating func mergeClosest(_ items: inout [Item]) {
        items.sort { $0.lost.range.after < $1.lost.range.after }
        let gaps = items.indices.dropFirst().map { index in
            (index, gap: max(0, items[index].lost.range.after.rawValue - items[index - 1].lost.range.upTo.rawValue))
        }
        guard let index = gaps.min(by: { $0.gap < $1.gap })?.0 else { return }
        let (first, second) = (items[index - 1].lost, items.remove(at: index).lost)
        let both = MessageRange(after: first.range.after, upTo: max(first.range.upTo, second.range.upTo))
        // A new number, because no session's replay delivers the whole range yet.
        lastNumber += 1
        let client = first.client == second.client ? first.client : nil
        items[index - 1] = Item(number: lastNumber, lost: DeliveryCursor.Undelivered(both, client: client))
    }

    /// Discards the undelivered ranges of a client that has reconnected. Such a client names its last message and recovers the rest from
    /// there.
    mutating func discard(_ client: String, of account: AccountID) {
        guard let items = accounts[account]?.undelivered, items.contains(where: { $0.lost.client == client }) else { return }
        accounts[account]?.undelivered = items.filter { $0.lost.client != client }
        changed.insert(account)
    }

    /// Merges another hub's cursor of an account with the one here.
    mutating func merge(_ cursor: DeliveryCursor, of account: AccountID) {
        let known = due(to: account)
        for lost in cursor.undelivered where !known.contains(where: { $0.after <= lost.range.after && $0.upTo >= lost.range.upTo }) {
            record(account, lost.range, client: lost.client)
        }
        advance(to: cursor.reached, account)
        changed.remove(account)
    }

    /// Removes and returns the cursors that have changed since they were last stored.
    /// - Parameter some: only these accounts; nil for all.
    mutating func popChanged(of some: [AccountID]? = nil) -> [AccountID: DeliveryCursor] {
        let taken = some.map(changed.intersection) ?? changed
        if some == nil { changed = [] } else { changed.subtract(taken) }
        var rows: [AccountID: DeliveryCursor] = [:]
        for account in taken {
            guard let cursor = accounts[account] else { continue }
            rows[account] = DeliveryCursor(reached: cursor.reached, undelivered: cursor.undelivered.map(\.lost))
        }
        return rows
    }

    /// Marks cursors that could not be stored as changed again.
    mutating func putBack(_ taken: [AccountID]) { changed.formUnion(taken) }

    mutating func forget(_ account: AccountID) {
        accounts[account] = nil
        changed.remove(account)
    }
}
