import ChatProtocol
import DequeModule

/// The nonces of recent messages. A sender that repeats a message, not knowing whether the first attempt arrived, gets the first message
/// and makes no second. Holds the last ``perAccount`` of each account, for a day.
struct DedupWindow: Sendable {
    struct First: Equatable, Sendable {
        let message: MessageID
        let time: Timestamp
    }

    private struct Recent: Sendable {
        var first: [String: First] = [:]
        /// The nonces in the order in which they came, with the uptime in milliseconds.
        var order: Deque<(nonce: String, at: Int64)> = []

        mutating func forgetFirst() {
            if let oldest = order.popFirst() { first[oldest.nonce] = nil }
        }
    }

    /// More than any client sends between a lost connection and its repetition.
    static let perAccount = 256
    /// The lifetime of a nonce, milliseconds. The store uses the same.
    static let lifetime: Int64 = 86_400_000
    private static let betweenSweeps: Int64 = 60_000

    private var accounts: [AccountID: Recent] = [:]
    private var nextSweep: Int64 = 0

    init(_ sent: [StoreState.Sent], at now: EventTime) {
        for row in sent {
            // If the clock was set meanwhile, no nonce lies in the future.
            let age = max(0, now.wall.milliseconds - row.time.milliseconds)
            record(row.nonce, of: row.account, First(message: row.message, time: row.time), at: now.uptime - age)
        }
    }

    func find(_ nonce: String, of account: AccountID) -> First? { accounts[account]?.first[nonce] }

    mutating func record(_ nonce: String, of account: AccountID, _ first: First, at uptime: Int64) {
        // Taking the value out of the dictionary avoids a copy.
        var recent = accounts.removeValue(forKey: account) ?? Recent()
        if recent.first.updateValue(first, forKey: nonce) == nil { recent.order.append((nonce, uptime)) }
        while recent.order.count > DedupWindow.perAccount { recent.forgetFirst() }
        accounts[account] = recent
    }

    /// Forgets the nonce of a message that was not stored, so that it may be sent again.
    mutating func remove(_ nonce: String, of account: AccountID) {
        guard accounts[account]?.first.removeValue(forKey: nonce) != nil else { return }
        accounts[account]?.order.removeAll { $0.nonce == nonce }
        if accounts[account]?.order.isEmpty == true { accounts[account] = nil }
    }

    /// Drops nonces older than a day, at most once a minute.
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
