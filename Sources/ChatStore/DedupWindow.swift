import ChatProtocol
import DequeModule

/// What senders called their last messages, so that one who asks again, not knowing whether the first time went through, is told of the first message and
/// does not make a second. Bounded: the last ``perAccount`` of each account, for a day.
struct DedupWindow: Sendable {
    struct First: Equatable, Sendable {
        let message: MessageID
        let time: Timestamp
    }

    private struct Recent: Sendable {
        var first: [String: First] = [:]
        /// When each came, uptime in milliseconds, the first one first.
        var order: Deque<(nonce: String, at: Int64)> = []

        mutating func forgetFirst() {
            if let oldest = order.popFirst() { first[oldest.nonce] = nil }
        }
    }

    /// More than any client sends between losing a connection and asking again.
    static let perAccount = 256
    /// Milliseconds; the store keeps them as long.
    static let lifetime: Int64 = 86_400_000
    private static let betweenSweeps: Int64 = 60_000

    private var accounts: [AccountID: Recent] = [:]
    private var nextSweep: Int64 = 0

    init(_ sent: [StoreState.Sent], at now: EventTime) {
        for row in sent {
            // A clock that was set meanwhile makes none of them younger than now.
            let age = max(0, now.wall.milliseconds - row.time.milliseconds)
            record(row.nonce, of: row.account, First(message: row.message, time: row.time), at: now.uptime - age)
        }
    }

    func find(_ nonce: String, of account: AccountID) -> First? { accounts[account]?.first[nonce] }

    mutating func record(_ nonce: String, of account: AccountID, _ first: First, at uptime: Int64) {
        // Taken out meanwhile, so that it is changed where it is.
        var recent = accounts.removeValue(forKey: account) ?? Recent()
        if recent.first.updateValue(first, forKey: nonce) == nil { recent.order.append((nonce, uptime)) }
        while recent.order.count > DedupWindow.perAccount { recent.forgetFirst() }
        accounts[account] = recent
    }

    /// Its message was not kept: it may be sent again.
    mutating func remove(_ nonce: String, of account: AccountID) {
        guard accounts[account]?.first.removeValue(forKey: nonce) != nil else { return }
        accounts[account]?.order.removeAll { $0.nonce == nonce }
        if accounts[account]?.order.isEmpty == true { accounts[account] = nil }
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

    mutating func forget(_ account: AccountID) { accounts[account] = nil }

    var count: Int { accounts.values.reduce(0) { $0 + $1.order.count } }
}
