import ChatHub
import ChatProtocol

/// Answers ``Action/verify(_:account:password:)``: passwords on the hashing pool, tokens by a look into the store.
final class PasswordVerifier: Sendable {
    private let store: Store
    private let pool: HashingPool
    private let reader: StoreReader
    private let writer: StoreWriter
    private let cost: PasswordHash.Cost
    private let answer: @Sendable (Ticket, Event.Verification) -> Void
    /// What the password of a name without account is compared with, so that it takes as long.
    private let dummy: PasswordHash

    init(
        _ store: Store, _ pool: HashingPool, _ reader: StoreReader, _ writer: StoreWriter, cost: PasswordHash.Cost = .standard,
        answer: @escaping @Sendable (Ticket, Event.Verification) -> Void
    ) {
        self.store = store
        self.pool = pool
        self.reader = reader
        self.writer = writer
        self.cost = cost
        self.answer = answer
        dummy = PasswordHash(decoyAt: cost)
    }

    func verify(_ ticket: Ticket, account: AccountID?, password: String) {
        if let account, let token = ResumeToken(password) { return reader.verify(ticket, account, token) }
        let isQueued = pool.run(key: account?.rawValue ?? 0) { [store, dummy, answer] in
            answer(ticket, PasswordVerifier.judge(account, password, store, dummy))
        }
        if !isQueued { answer(ticket, .busy) }
    }

    /// Hashes and keeps a new password; `done` is called on some thread.
    func setPassword(of account: AccountID, to password: String, done: @escaping @Sendable (_ succeeded: Bool) -> Void) {
        let isQueued = pool.run(key: account.rawValue) { [writer, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return done(false) }
            writer.run({ db in try Store.setPassword(of: account, to: phc, db) }, done: done)
        }
        if !isQueued { done(false) }
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
