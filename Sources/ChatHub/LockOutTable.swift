import ChatProtocol
import DequeModule

/// Who may try a password: wrong ones in a row are counted by name, whatever the way in, and block that name for a while.
///
/// At most one password of a name is being verified at any time, the others wait in line: so never more than the allowed number are judged in one
/// blocking period, however many connections guess at once.
struct LockOutTable {
    struct Attempt {
        let session: SessionID
        /// See ``Session/open(_:)``.
        let sequence: Int
        /// As typed.
        let name: String
        let begins: Bool
        /// Nothing that could be guessed, so nothing that has to be counted before it fails.
        let isToken: Bool
        /// Where it came from, for ``AttemptThrottle``; nil where that is not counted.
        let address: String?
        /// Where it is the old password of who wants a new one.
        var change: PasswordChange?
    }

    /// An attempt that has not been judged yet. The proof is let go as soon as somebody judges it.
    struct Guess {
        let attempt: Attempt
        let proof: Proof
    }

    /// What a session that knows its password changes it to.
    struct PasswordChange {
        let request: Request
        let new: String
    }

    private struct Entry {
        var failures = 0
        /// Uptime, milliseconds.
        var blockedUntil: Int64?
        var isVerifying = false
        var waiting: Deque<Guess> = []

        var isIdle: Bool { failures == 0 && blockedUntil == nil && !isVerifying && waiting.isEmpty }
    }

    /// What a wrong password led to.
    struct Failure: Equatable {
        let failures: Int
        let isNowBlocked: Bool
    }

    /// Names with a count, at most; only names without an account (when those are concealed) can be so many.
    static let capacity = 100_000
    /// Attempts that wait for one name, at most.
    static let maximumWaiting = 64

    private let maximumAttempts: Int
    private let blockMilliseconds: Int64
    private var entries: [String: Entry] = [:]

    init(maximumAttempts: Int, blockSeconds: Int) {
        self.maximumAttempts = max(1, maximumAttempts)
        blockMilliseconds = Int64(blockSeconds) * 1000
    }

    /// Takes over what was kept. A clock that was set meanwhile never makes a block longer than the rule.
    mutating func restore(_ kept: [HubState.LockOut], at now: Moment) {
        for row in kept {
            var entry = Entry()
            if let until = row.blockedUntil {
                let left = min(until.milliseconds - now.wall.milliseconds, blockMilliseconds)
                guard left > 0 else { continue }
                entry.blockedUntil = now.uptime + left
            } else {
                entry.failures = min(row.failures, maximumAttempts - 1)
            }
            if !entry.isIdle { entries[row.name] = entry }
        }
    }

    /// - Parameter name: folded.
    mutating func isBlocked(_ name: String, at now: Moment) -> Bool {
        guard let until = entries[name]?.blockedUntil else { return false }
        if now.uptime < until { return true }
        entries[name]?.blockedUntil = nil
        forgetIfIdle(name)
        return false
    }

    enum Admission: Equatable { case verify, wait, refuse }

    /// Asks for the right to have a password of that name verified now. `wait`: it has been put in line.
    mutating func admit(_ guess: Guess) -> Admission {
        let name = Name.fold(guess.attempt.name)
        if entries[name] == nil, entries.count >= LockOutTable.capacity { return .refuse }
        var entry = entries[name] ?? Entry()
        defer { entries[name] = entry }
        if !entry.isVerifying {
            entry.isVerifying = true
            return .verify
        }
        guard entry.waiting.count < LockOutTable.maximumWaiting else { return .refuse }
        entry.waiting.append(guess)
        return .wait
    }

    /// The verification under way has ended: gives the next one in line, which has *not* been admitted yet.
    mutating func finishVerification(of name: String) -> Guess? {
        entries[name]?.isVerifying = false
        let next = entries[name]?.waiting.popFirst()
        forgetIfIdle(name)
        return next
    }

    mutating func recordFailure(of name: String, at now: Moment) -> Failure {
        var entry = entries[name] ?? Entry()
        entry.failures += 1
        let failures = entry.failures
        let blocks = failures >= maximumAttempts
        if blocks {
            entry.failures = 0
            entry.blockedUntil = now.uptime + blockMilliseconds
        }
        entries[name] = entry
        forgetIfIdle(name)
        return Failure(failures: failures, isNowBlocked: blocks)
    }

    /// - Returns: whether there was a count to clear.
    mutating func recordSuccess(of name: String) -> Bool {
        let had = (entries[name]?.failures ?? 0) > 0
        entries[name]?.failures = 0
        forgetIfIdle(name)
        return had
    }

    var count: Int { entries.count }

    private mutating func forgetIfIdle(_ name: String) {
        if entries[name]?.isIdle == true { entries[name] = nil }
    }
}
