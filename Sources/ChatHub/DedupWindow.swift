import ChatProtocol
import DequeModule

/// What senders called their last messages, so that one who asks again, not knowing whether the first time went through, is told of the first message and
/// does not make a second. Bounded: the last ``perAccount`` of each account, for a day.
struct DedupWindow {
    enum State: Equatable {
        /// Its commit has not been answered yet.
        case onItsWay
        case kept(MessageID, Timestamp)
    }

    private struct Recent {
        var states: [String: State] = [:]
        /// When each came, uptime in milliseconds, the first one first.
        var order: Deque<(nonce: String, at: Int64)> = []

        mutating func forgetFirst() {
            if let first = order.popFirst() { states[first.nonce] = nil }
        }
    }

    /// More than any client sends between losing a connection and asking again.
    static let perAccount = 256
    /// Milliseconds; the store keeps them as long.
    static let lifetime: Int64 = 86_400_000
    private static let betweenSweeps: Int64 = 60_000

    private var accounts: [AccountID: Recent] = [:]
    private var nextSweep: Int64 = 0

    init(_ sent: [HubState.Sent], at now: EventTime) {
        for row in sent {
            // A clock that was set meanwhile makes none of them younger than now.
            note(row.nonce, of: row.account, at: now.uptime - max(0, now.wall.milliseconds - row.time.milliseconds))
            settle(row.nonce, of: row.account, (row.message, row.time))
        }
    }

    func find(_ nonce: String, of account: AccountID) -> State? { accounts[account]?.states[nonce] }

    mutating func note(_ nonce: String, of account: AccountID, at uptime: Int64) {
        var recent = accounts.removeValue(forKey: account) ?? Recent()
        if recent.states.updateValue(.onItsWay, forKey: nonce) == nil { recent.order.append((nonce, uptime)) }
        while recent.order.count > DedupWindow.perAccount { recent.forgetFirst() }
        accounts[account] = recent
    }

    /// - Parameter kept: nil where it was not kept: it may be sent again.
    mutating func settle(_ nonce: String, of account: AccountID, _ kept: (id: MessageID, time: Timestamp)?) {
        guard accounts[account]?.states[nonce] != nil else { return }
        if let kept {
            accounts[account]?.states[nonce] = .kept(kept.id, kept.time)
        } else {
            accounts[account]?.states[nonce] = nil
            accounts[account]?.order.removeAll { $0.nonce == nonce }
        }
    }

    /// Forgets, once a minute, what is older than a day.
    mutating func sweep(at uptime: Int64) {
        guard uptime >= nextSweep else { return }
        nextSweep = uptime + DedupWindow.betweenSweeps
        let oldest = uptime - DedupWindow.lifetime
        for (account, recent) in accounts where recent.order.first.map({ $0.at < oldest }) ?? true {
            var recent = recent
            while let first = recent.order.first, first.at < oldest { recent.forgetFirst() }
            accounts[account] = recent.order.isEmpty ? nil : recent
        }
    }

    /// Forgets accounts that are none any more.
    mutating func keep(_ isKept: (AccountID) -> Bool) { accounts = accounts.filter { isKept($0.key) } }

    var count: Int { accounts.values.reduce(0) { $0 + $1.order.count } }
}
