import ChatProtocol

/// Messages after the first id, up to the second.
public struct MessageRange: Hashable, Sendable {
    public var after: MessageID
    public var upTo: MessageID

    public init(after: MessageID, upTo: MessageID) {
        self.after = after
        self.upTo = upTo
    }

    static func all(after message: MessageID) -> MessageRange { MessageRange(after: message, upTo: MessageID(rawValue: .max)) }

    func intersection(_ other: MessageRange) -> MessageRange? {
        let (after, upTo) = (max(after, other.after), min(upTo, other.upTo))
        return after < upTo ? MessageRange(after: after, upTo: upTo) : nil
    }
}

/// How far an account has got with its messages, as it is kept.
public struct DeliveryCursor: Hashable, Sendable {
    /// What its sessions were told and lost with their connections.
    public struct Debt: Hashable, Sendable {
        public var stretch: MessageRange
        /// Who lost it, where the client has named itself (`SEEN`).
        public var client: String?

        public init(_ stretch: MessageRange, client: String?) {
            self.stretch = stretch
            self.client = client
        }
    }

    public var reached: MessageID
    public var debts: [Debt]

    public init(reached: MessageID, debts: [Debt] = []) {
        self.reached = reached
        self.debts = debts
    }
}

/// How far each account has got with its messages: what a session that comes anew is replayed.
///
/// One mark an account, for whatever any of its sessions has had is no news. But what one session was told and lost with its connection stays owed, however
/// far the account's other sessions are: until a session has had it that came later, or the client that lost it comes again and says itself what it has.
struct DeliveryCursors {
    private struct Account {
        var reached = MessageID.zero
        var debts: [(number: Int, debt: DeliveryCursor.Debt)] = []
    }

    private var accounts: [AccountID: Account] = [:]
    private var changed: Set<AccountID> = []
    private var lastNumber = 0
    /// More of one account are run together, by which something in between comes again.
    static let mostUndelivered = 16

    init(_ cursors: [AccountID: DeliveryCursor]) {
        for (account, mark) in cursors {
            accounts[account] = Account(reached: mark.reached)
            for debt in mark.debts { record(account, debt.stretch, client: debt.client) }
        }
        changed = []
    }

    func reached(_ account: AccountID) -> MessageID { accounts[account]?.reached ?? .zero }

    /// What no session of the account has had, and what is owed, in order, apart from each other; the last stretch has no end.
    func due(to account: AccountID) -> [MessageRange] {
        let stretches = (accounts[account]?.debts ?? []).map(\.debt.stretch) + [.all(after: reached(account))]
        var due: [MessageRange] = []
        for stretch in stretches.sorted(by: { $0.after < $1.after }) {
            if let last = due.last, stretch.after <= last.upTo {
                due[due.count - 1].upTo = max(last.upTo, stretch.upTo)
            } else {
                due.append(stretch)
            }
        }
        return due
    }

    /// The numbers of the debts that a session pays which is replayed all behind that message.
    func debts(of account: AccountID, after start: MessageID) -> Set<Int> {
        Set((accounts[account]?.debts ?? []).filter { $0.debt.stretch.after >= start }.map(\.number))
    }

    /// A session that pays these has had all of them up to that message.
    mutating func acknowledge(_ numbers: Set<Int>, of account: AccountID, upTo message: MessageID) {
        guard !numbers.isEmpty, var mark = accounts[account] else { return }
        var isChanged = false
        mark.debts = mark.debts.compactMap { number, debt in
            guard numbers.contains(number), message > debt.stretch.after else { return (number, debt) }
            isChanged = true
            var debt = debt
            debt.stretch.after = message
            return debt.stretch.after < debt.stretch.upTo ? (number, debt) : nil
        }
        guard isChanged else { return }
        accounts[account] = mark
        changed.insert(account)
    }

    /// A session's client has that message, and all that it was told before.
    mutating func advance(to message: MessageID, _ account: AccountID) {
        guard message > reached(account) else { return }
        accounts[account, default: Account()].reached = message
        changed.insert(account)
    }

    /// A session has gone without that.
    mutating func record(_ account: AccountID, _ stretch: MessageRange, client: String?) {
        lastNumber += 1
        var mark = accounts[account] ?? Account()
        mark.debts.append((lastNumber, DeliveryCursor.Debt(stretch, client: client)))
        if mark.debts.count > DeliveryCursors.mostUndelivered {
            // The two that lie closest together.
            mark.debts.sort { $0.debt.stretch.after < $1.debt.stretch.after }
            func gap(before index: Int) -> Int64 {
                max(0, mark.debts[index].debt.stretch.after.rawValue - mark.debts[index - 1].debt.stretch.upTo.rawValue)
            }
            let index = mark.debts.indices.dropFirst().min { gap(before: $0) < gap(before: $1) } ?? 1
            let (first, second) = (mark.debts[index - 1].debt, mark.debts.remove(at: index).debt)
            let both = MessageRange(after: first.stretch.after, upTo: max(first.stretch.upTo, second.stretch.upTo))
            // Another number: nobody pays all of it yet.
            lastNumber += 1
            mark.debts[index - 1] = (lastNumber, DeliveryCursor.Debt(both, client: first.client == second.client ? first.client : nil))
        }
        accounts[account] = mark
        changed.insert(account)
    }

    /// A client that comes again says itself what it has: it is owed nothing.
    mutating func discard(_ client: String, of account: AccountID) {
        guard let debts = accounts[account]?.debts, debts.contains(where: { $0.debt.client == client }) else { return }
        accounts[account]?.debts = debts.filter { $0.debt.client != client }
        changed.insert(account)
    }

    /// What is to be kept since the last time.
    /// - Parameter some: of these; nil for all.
    mutating func takeChanged(of some: [AccountID]? = nil) -> [AccountID: DeliveryCursor] {
        let taken = some.map(changed.intersection) ?? changed
        if some == nil { changed = [] } else { changed.subtract(taken) }
        var rows: [AccountID: DeliveryCursor] = [:]
        for account in taken {
            guard let mark = accounts[account] else { continue }
            rows[account] = DeliveryCursor(reached: mark.reached, debts: mark.debts.map(\.debt))
        }
        return rows
    }

    /// What was taken could not be kept.
    mutating func putBack(_ taken: [AccountID]) { changed.formUnion(taken) }

    mutating func forget(allBut isKept: (AccountID) -> Bool) {
        accounts = accounts.filter { isKept($0.key) }
        changed = changed.filter(isKept)
    }
}
