import ChatProtocol

/// How far each account has got with its messages: behind which one a session that comes anew is replayed.
///
/// One mark an account, for whatever any of its sessions has had is no news. But what one session was told and lost with its connection stays owed, however
/// far the account's other sessions are.
struct DeliveryMarks {
    private var reached: [AccountID: MessageID]
    private var debts: [AccountID: Debt] = [:]
    private var changed: Set<AccountID> = []

    private var lastNumber = 0

    /// What sessions were told and did not get.
    private struct Debt {
        /// They had this one.
        let behind: MessageID
        /// Another one whenever it grows.
        let number: Int
    }

    init(_ reached: [AccountID: MessageID]) { self.reached = reached }

    /// Behind what a session is replayed that does not say itself what its client has.
    func replayStart(of account: AccountID) -> MessageID {
        let mark = reached[account] ?? .zero
        return min(mark, debts[account]?.behind ?? mark)
    }

    /// The number of the debt that a session pays which is replayed behind that message; nil where it pays none.
    func debt(of account: AccountID, replayedBehind start: MessageID) -> Int? {
        debts[account].flatMap { start <= $0.behind ? $0.number : nil }
    }

    /// A session that pays a debt has had that message, or with nil all that it was replayed; see ``debt(of:replayedBehind:)``.
    mutating func pay(_ number: Int, of account: AccountID, upTo message: MessageID?) {
        guard let debt = debts[account], debt.number == number else { return }
        debts[account] = message.map { Debt(behind: max($0, debt.behind), number: number) }
        changed.insert(account)
    }

    /// A session's client has that message, and all that it was told before.
    mutating func reach(_ message: MessageID, _ account: AccountID) {
        guard message > reached[account] ?? .zero else { return }
        reached[account] = message
        changed.insert(account)
    }

    /// A session has gone without some of what it was told behind that message.
    mutating func owe(_ account: AccountID, behind: MessageID) {
        lastNumber += 1
        debts[account] = Debt(behind: min(behind, debts[account]?.behind ?? behind), number: lastNumber)
        changed.insert(account)
    }

    /// What is to be kept since the last time: after a restart the mark is where the debt begins.
    mutating func takeChanged() -> [AccountID: MessageID] {
        defer { changed = [] }
        var rows: [AccountID: MessageID] = [:]
        for account in changed { rows[account] = replayStart(of: account) }
        return rows
    }

    func hasChanged(_ account: AccountID) -> Bool { changed.contains(account) }

    mutating func forget(allBut isKept: (AccountID) -> Bool) {
        reached = reached.filter { isKept($0.key) }
        debts = debts.filter { isKept($0.key) }
        changed = changed.filter(isKept)
    }
}
