import ChatHub
import ChatProtocol

/// Answers ``Action/verify(_:account:password:)`` on the hashing pool.
final class PasswordVerifier: Sendable {
    private let store: Store
    private let pool: HashingPool
    private let answer: @Sendable (Ticket, Event.Verification) -> Void
    /// What the password of a name without account is compared with, so that it takes as long.
    private let dummy: PasswordHash

    init(
        _ store: Store, _ pool: HashingPool, cost: PasswordHash.Cost = .standard,
        answer: @escaping @Sendable (Ticket, Event.Verification) -> Void
    ) {
        self.store = store
        self.pool = pool
        self.answer = answer
        dummy = PasswordHash(decoyAt: cost)
    }

    func verify(_ ticket: Ticket, account: AccountID?, password: String) {
        let isQueued = pool.run(key: account?.rawValue ?? 0) { [store, dummy, answer] in
            answer(ticket, PasswordVerifier.judge(account, password, store, dummy))
        }
        if !isQueued { answer(ticket, .busy) }
    }

    private static func judge(_ account: AccountID?, _ password: String, _ store: Store, _ dummy: PasswordHash) -> Event.Verification {
        do {
            guard password.utf8.count <= Limits.passwordBytes else { return .wrong }
            guard let account, let text = try store.passwordHash(of: account), let hash = PasswordHash(text) else {
                _ = try dummy.matches(password)
                return .wrong
            }
            return try hash.matches(password) ? .right : .wrong
        } catch {
            return .failed
        }
    }
}
