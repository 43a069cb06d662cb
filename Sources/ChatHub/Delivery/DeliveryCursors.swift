import ChatProtocol
import ChatStore

/// How far each account has got with its messages: what a session that comes anew is replayed.
///
/// One cursor an account, for whatever any of its sessions has had is no news. But what one session was told and lost with its connection stays undelivered,
/// however far the account's other sessions are: until a session has had it that came later, or the client that lost it comes again and says itself what it
/// has.
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
    /// More of one account are run together, by which something in between comes again.
    static let mostUndelivered = 16

    init(_ cursors: [AccountID: DeliveryCursor]) {
        for (account, cursor) in cursors {
            accounts[account] = Account(reached: cursor.reached)
            for lost in cursor.undelivered { record(account, lost.range, client: lost.client) }
        }
        changed = []
    }

    func reached(_ account: AccountID) -> MessageID { accounts[account]?.reached ?? .zero }

    /// What no session of the account has had, and what is undelivered, in order, apart from each other; the last range has no end.
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

    /// The numbers of the undelivered ranges that lie after that message: a session that is replayed from there on delivers them.
    func undelivered(of account: AccountID, after start: MessageID) -> Set<Int> {
        Set((accounts[account]?.undelivered ?? []).filter { $0.lost.range.after >= start }.map(\.number))
    }

    /// A session that delivers these has had all of them up to that message.
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

    /// A session's client has that message, and all that it was told before.
    mutating func advance(to message: MessageID, _ account: AccountID) {
        guard message > reached(account) else { return }
        accounts[account, default: Account()].reached = message
        changed.insert(account)
    }

    /// A session has gone without that.
    mutating func record(_ account: AccountID, _ range: MessageRange, client: String?) {
        lastNumber += 1
        var cursor = accounts[account] ?? Account()
        cursor.undelivered.append(Item(number: lastNumber, lost: DeliveryCursor.Undelivered(range, client: client)))
        if cursor.undelivered.count > DeliveryCursors.mostUndelivered { mergeClosest(&cursor.undelivered) }
        accounts[account] = cursor
        changed.insert(account)
    }

    /// Makes one of the two that lie closest together.
    private mutating func mergeClosest(_ items: inout [Item]) {
        items.sort { $0.lost.range.after < $1.lost.range.after }
        let gaps = items.indices.dropFirst().map { index in
            (index, gap: max(0, items[index].lost.range.after.rawValue - items[index - 1].lost.range.upTo.rawValue))
        }
        guard let index = gaps.min(by: { $0.gap < $1.gap })?.0 else { return }
        let (first, second) = (items[index - 1].lost, items.remove(at: index).lost)
        let both = MessageRange(after: first.range.after, upTo: max(first.range.upTo, second.range.upTo))
        // Another number: no session delivers all of it yet.
        lastNumber += 1
        let client = first.client == second.client ? first.client : nil
        items[index - 1] = Item(number: lastNumber, lost: DeliveryCursor.Undelivered(both, client: client))
    }

    /// A client that comes again says itself what it has: what it lost is not kept for it.
    mutating func discard(_ client: String, of account: AccountID) {
        guard let items = accounts[account]?.undelivered, items.contains(where: { $0.lost.client == client }) else { return }
        accounts[account]?.undelivered = items.filter { $0.lost.client != client }
        changed.insert(account)
    }

    /// What another hub says of an account: what its sessions have had there, and what they have lost.
    mutating func merge(_ cursor: DeliveryCursor, of account: AccountID) {
        let known = due(to: account)
        for lost in cursor.undelivered where !known.contains(where: { $0.after <= lost.range.after && $0.upTo >= lost.range.upTo }) {
            record(account, lost.range, client: lost.client)
        }
        advance(to: cursor.reached, account)
        changed.remove(account)
    }

    /// What is to be stored since the last time.
    /// - Parameter some: of these; nil for all.
    mutating func takeChanged(of some: [AccountID]? = nil) -> [AccountID: DeliveryCursor] {
        let taken = some.map(changed.intersection) ?? changed
        if some == nil { changed = [] } else { changed.subtract(taken) }
        var rows: [AccountID: DeliveryCursor] = [:]
        for account in taken {
            guard let cursor = accounts[account] else { continue }
            rows[account] = DeliveryCursor(reached: cursor.reached, undelivered: cursor.undelivered.map(\.lost))
        }
        return rows
    }

    /// What was taken could not be stored.
    mutating func putBack(_ taken: [AccountID]) { changed.formUnion(taken) }

    mutating func forget(_ account: AccountID) {
        accounts[account] = nil
        changed.remove(account)
    }
}
