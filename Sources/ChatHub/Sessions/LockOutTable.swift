import ChatProtocol
import ChatStore
import DequeModule

/// Counts consecutive wrong passwords by name, and blocks names for a while.
///
/// Names with an account are always counted. Names without one are counted only while names are concealed, and at most ``capacity`` of
/// them: the one that failed longest ago is dropped for a new one. A right password ends a count. A day without a wrong password ends the
/// count of a name without account, and of every name while names are concealed; otherwise waiting would distinguish the two.
struct LockOutTable {
    private struct Count {
        var failures = 0
        /// Uptime in milliseconds.
        var blockedUntil: Int64?
        /// When the last wrong password was tried, uptime in milliseconds.
        var last: Int64
        var hasAccount: Bool
    }

    /// The result of one wrong password.
    struct Failure: Equatable {
        let isNowBlocked: Bool
        /// The row to store.
        let row: StoreState.LockOut
    }

    /// The maximum number of counted names without an account.
    static let capacity = 100_000
    /// How long a count without a new failure lasts where it ends by time, milliseconds.
    static let lifetime: Int64 = 86_400_000
    private static let betweenSweeps: Int64 = 60_000

    private let maximumAttempts: Int
    private let blockMilliseconds: Int64
    private let forgetsAll: Bool
    private var counts: [String: Count] = [:]
    /// Names without account by the time of their last failure, the earliest first. A name that fails again is appended again;
    /// ``isCurrent(_:)`` tells its last entry.
    private var nameless: Deque<(name: String, at: Int64)> = []
    private var namelessCount = 0
    /// Names whose count has ended and that may still have a row in the store.
    private var ended: Deque<String> = []
    /// Names whose row could not be stored.
    private var unsaved: Set<String> = []
    private var nextSweep: Int64 = 0

    /// - Parameter forgetsAll: whether a count ends after a day even if the name has an account.
    init(maximumAttempts: Int, blockSeconds: Int, forgetsAll: Bool = false) {
        self.maximumAttempts = max(1, maximumAttempts)
        blockMilliseconds = Int64(blockSeconds) * 1000
        self.forgetsAll = forgetsAll
    }

    /// Restores stored counts. If the wall clock was set meanwhile, no block exceeds the configured time and no count lies in the future.
    mutating func restore(_ rows: [StoreState.LockOut], at now: EventTime, hasAccount: (String) -> Bool) {
        for row in rows.sorted(by: { $0.last < $1.last }) {
            let age = max(0, now.wall.milliseconds - row.last.milliseconds)
            var count = Count(last: now.uptime - age, hasAccount: hasAccount(row.name))
            if let until = row.blockedUntil {
                let left = min(until.milliseconds - now.wall.milliseconds, blockMilliseconds)
                if left > 0 { count.blockedUntil = now.uptime + left }
            } else {
                count.failures = min(row.failures, maximumAttempts - 1)
            }
            if isOver(count, at: now.uptime) { ended.append(row.name) } else { set(row.name, count) }
        }
    }

    /// - Parameter name: folded.
    mutating func isBlocked(_ name: String, at now: EventTime) -> Bool {
        guard let until = counts[name]?.blockedUntil else { return false }
        if now.uptime < until { return true }
        end(name)
        return false
    }

    mutating func recordFailure(of name: String, hasAccount: Bool, at now: EventTime) -> Failure {
        var count = counts[name].flatMap { isOver($0, at: now.uptime) ? nil : $0 } ?? Count(last: now.uptime, hasAccount: hasAccount)
        count.last = now.uptime
        count.hasAccount = hasAccount
        count.failures += 1
        let blocks = count.failures >= maximumAttempts
        if blocks {
            count.failures = 0
            count.blockedUntil = now.uptime + blockMilliseconds
        }
        set(name, count)
        return Failure(
            isNowBlocked: blocks, row: row(name, count, at: now))
    }

    /// Merges another hub's count of a name. The merged count is as new as a failure here, and the stricter of both applies.
    mutating func merge(_ row: StoreState.LockOut, at now: EventTime, hasAccount: Bool) {
        var count = counts[row.name].flatMap { isOver($0, at: now.uptime) ? nil : $0 } ?? Count(last: now.uptime, hasAccount: hasAccount)
        count.last = now.uptime
        if let until = row.blockedUntil {
            let left = min(max(0, until.milliseconds - now.wall.milliseconds), blockMilliseconds)
            count.failures = 0
            count.blockedUntil = max(count.blockedUntil ?? 0, now.uptime + left)
        } else {
            count.failures = min(max(count.failures, row.failures), maximumAttempts - 1)
        }
        set(row.name, count)
    }

    /// Ends the count of a name, if there is one.
    mutating func recordSuccess(of name: String) { if counts[name] != nil { end(name) } }

    /// Ends the blocks and counts whose time is over, at most once a minute.
    mutating func sweep(at uptime: Int64, hasAccount: (String) -> Bool) {
        guard uptime >= nextSweep else { return }
        nextSweep = uptime + LockOutTable.betweenSweeps
        for (name, count) in counts {
            var count = count
            count.hasAccount = hasAccount(name)
            if isOver(count, at: uptime) {
                end(name)
            } else if count.hasAccount != counts[name]?.hasAccount {
                set(name, count)
            }
        }
    }

    /// Removes and returns names whose stored rows are obsolete, at most `limit`.
    mutating func popEnded(_ limit: Int) -> [String] {
        let names = Array(ended.prefix(limit)).filter { counts[$0] == nil }
        ended.removeFirst(min(limit, ended.count))
        return names
    }

    /// Returns names whose stored rows could not be deleted.
    mutating func putBack(ended names: [String]) { ended.append(contentsOf: names) }

    /// Marks the count of a name as not stored.
    mutating func markUnsaved(_ name: String) { if counts[name] != nil { unsaved.insert(name) } }

    /// Removes and returns the rows of counts that could not be stored and still exist.
    mutating func popUnsaved(at now: EventTime) -> [StoreState.LockOut] {
        defer { unsaved = [] }
        return unsaved.compactMap { name in counts[name].map { row(name, $0, at: now) } }
    }

    private func row(_ name: String, _ count: Count, at now: EventTime) -> StoreState.LockOut {
        StoreState.LockOut(
            name: name, failures: count.failures,
            blockedUntil: count.blockedUntil.map { now.wall.adding(milliseconds: $0 - now.uptime) },
            last: now.wall.adding(milliseconds: count.last - now.uptime))
    }

    var count: Int { counts.count }

    private func isOver(_ count: Count, at uptime: Int64) -> Bool {
        if let until = count.blockedUntil { return uptime >= until }
        return count.failures == 0 || ((forgetsAll || !count.hasAccount) && uptime - count.last > LockOutTable.lifetime)
    }

    private mutating func set(_ name: String, _ count: Count) {
        let old = counts.updateValue(count, forKey: name)
        if old?.hasAccount == false { namelessCount -= 1 }
        guard !count.hasAccount else { return }
        namelessCount += 1
        nameless.append((name, count.last))
        while namelessCount > LockOutTable.capacity, let first = nameless.popFirst() {
            if isCurrent(first) { end(first.name) }
        }
        if nameless.count > 2 * LockOutTable.capacity { nameless = nameless.filter(isCurrent) }
    }

    private func isCurrent(_ entry: (name: String, at: Int64)) -> Bool {
        guard let count = counts[entry.name] else { return false }
        return !count.hasAccount && count.last == entry.at
    }

    private mutating func end(_ name: String) {
        guard let old = counts.removeValue(forKey: name) else { return }
        if !old.hasAccount { namelessCount -= 1 }
        ended.append(name)
    }
}
