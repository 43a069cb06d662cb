import ChatStore
import GRDB

/// Completes interrupted removals of accounts, step by step between the commits: at the start of a server, and once an hour.
///
/// Belongs to the writing connection's thread.
struct UnfinishedRemovals {
    /// The time between two searches for interrupted removals, milliseconds.
    static let interval: Int64 = 3_600_000

    private var nextLook = Int64.min
    private var waiting: [Int64] = []
    private var current: AccountRemoval?

    var isIdle: Bool { current == nil }

    /// Searches for interrupted removals or performs one step. If that fails it is tried again.
    mutating func work(_ db: Database, at now: EventTime) throws {
        if current == nil, now.uptime >= nextLook {
            waiting = try AccountRemoval.unfinished(db).map(\.account)
            nextLook = now.uptime + UnfinishedRemovals.interval
            current = waiting.popLast().map(AccountRemoval.init)
        }
        guard var removal = current else { return }
        current = try removal.work(db) ? removal : waiting.popLast().map(AccountRemoval.init)
    }
}
