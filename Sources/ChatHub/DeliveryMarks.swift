import ChatProtocol

/// Messages behind the first id, up to the second.
public struct MessageStretch: Hashable, Sendable {
    public var behind: MessageID
    public var upTo: MessageID

    public init(behind: MessageID, upTo: MessageID) {
        self.behind = behind
        self.upTo = upTo
    }

    static func all(behind message: MessageID) -> MessageStretch { MessageStretch(behind: message, upTo: MessageID(rawValue: .max)) }

    func intersection(_ other: MessageStretch) -> MessageStretch? {
        let (behind, upTo) = (max(behind, other.behind), min(upTo, other.upTo))
        return behind < upTo ? MessageStretch(behind: behind, upTo: upTo) : nil
    }
}

/// How far an account has got with its messages, as it is kept.
public struct DeliveryMark: Hashable, Sendable {
    /// What its sessions were told and lost with their connections.
    public struct Debt: Hashable, Sendable {
        public var stretch: MessageStretch
        /// Who lost it, where the client has named itself (`SEEN`).
        public var client: String?

        public init(_ stretch: MessageStretch, client: String?) {
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
struct DeliveryMarks {
    private struct Account {
        var reached = MessageID.zero
        var debts: [(number: Int, debt: DeliveryMark.Debt)] = []
    }

    private var accounts: [AccountID: Account] = [:]
    private var changed: Set<AccountID> = []
    private var lastNumber = 0
    /// More of one account are run together, by which something in between comes again.
    static let mostDebts = 16

    init(_ marks: [AccountID: DeliveryMark]) {
        for (account, mark) in marks {
            accounts[account] = Account(reached: mark.reached)
            for debt in mark.debts { owe(account, debt.stretch, client: debt.client) }
        }
        changed = []
    }

    func reached(_ account: AccountID) -> MessageID { accounts[account]?.reached ?? .zero }

    /// What no session of the account has had, and what is owed, in order, apart from each other; the last stretch has no end.
    func due(to account: AccountID) -> [MessageStretch] {
        let stretches = (accounts[account]?.debts ?? []).map(\.debt.stretch) + [.all(behind: reached(account))]
        var due: [MessageStretch] = []
        for stretch in stretches.sorted(by: { $0.behind < $1.behind }) {
            if let last = due.last, stretch.behind <= last.upTo {
                due[due.count - 1].upTo = max(last.upTo, stretch.upTo)
            } else {
                due.append(stretch)
            }
        }
        return due
    }

    /// The numbers of the debts that a session pays which is replayed all behind that message.
    func debts(of account: AccountID, behind start: MessageID) -> Set<Int> {
        Set((accounts[account]?.debts ?? []).filter { $0.debt.stretch.behind >= start }.map(\.number))
    }

    /// A session that pays these has had all of them up to that message.
    mutating func pay(_ numbers: Set<Int>, of account: AccountID, upTo message: MessageID) {
        guard !numbers.isEmpty, var mark = accounts[account] else { return }
        var isChanged = false
        mark.debts = mark.debts.compactMap { number, debt in
            guard numbers.contains(number), message > debt.stretch.behind else { return (number, debt) }
            isChanged = true
            var debt = debt
            debt.stretch.behind = message
            return debt.stretch.behind < debt.stretch.upTo ? (number, debt) : nil
        }
        guard isChanged else { return }
        accounts[account] = mark
        changed.insert(account)
    }

    /// A session's client has that message, and all that it was told before.
    mutating func reach(_ message: MessageID, _ account: AccountID) {
        guard message > reached(account) else { return }
        accounts[account, default: Account()].reached = message
        changed.insert(account)
    }

    /// A session has gone without that.
    mutating func owe(_ account: AccountID, _ stretch: MessageStretch, client: String?) {
        lastNumber += 1
        var mark = accounts[account] ?? Account()
        mark.debts.append((lastNumber, DeliveryMark.Debt(stretch, client: client)))
        if mark.debts.count > DeliveryMarks.mostDebts {
            // The two that lie closest together.
            mark.debts.sort { $0.debt.stretch.behind < $1.debt.stretch.behind }
            func gap(before index: Int) -> Int64 {
                max(0, mark.debts[index].debt.stretch.behind.rawValue - mark.debts[index - 1].debt.stretch.upTo.rawValue)
            }
            let index = mark.debts.indices.dropFirst().min { gap(before: $0) < gap(before: $1) } ?? 1
            let (first, second) = (mark.debts[index - 1].debt, mark.debts.remove(at: index).debt)
            let both = MessageStretch(behind: first.stretch.behind, upTo: max(first.stretch.upTo, second.stretch.upTo))
            // Another number: nobody pays all of it yet.
            lastNumber += 1
            mark.debts[index - 1] = (lastNumber, DeliveryMark.Debt(both, client: first.client == second.client ? first.client : nil))
        }
        accounts[account] = mark
        changed.insert(account)
    }

    /// A client that comes again says itself what it has: it is owed nothing.
    mutating func forgive(_ client: String, of account: AccountID) {
        guard let debts = accounts[account]?.debts, debts.contains(where: { $0.debt.client == client }) else { return }
        accounts[account]?.debts = debts.filter { $0.debt.client != client }
        changed.insert(account)
    }

    /// What is to be kept since the last time.
    /// - Parameter some: of these; nil for all.
    mutating func takeChanged(of some: [AccountID]? = nil) -> [AccountID: DeliveryMark] {
        let taken = some.map(changed.intersection) ?? changed
        if some == nil { changed = [] } else { changed.subtract(taken) }
        var rows: [AccountID: DeliveryMark] = [:]
        for account in taken {
            guard let mark = accounts[account] else { continue }
            rows[account] = DeliveryMark(reached: mark.reached, debts: mark.debts.map(\.debt))
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
