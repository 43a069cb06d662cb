import ChatHub
import ChatProtocol
import Foundation
import NIOConcurrencyHelpers

/// Answers ``Action/verify(_:account:_:)``: passwords on the hashing pool, tokens by a look into the store.
final class PasswordVerifier: Sendable {
    private let store: Store
    private let pool: FairPool
    private let reader: StoreReader
    private let writer: StoreWriter
    private let cost: PasswordHash.Cost
    private let answer: @Sendable (Ticket, Event.Verification) -> Void
    /// What the password of a name without account is compared with, so that it takes as long.
    private let dummy: PasswordHash

    init(
        _ store: Store, _ pool: FairPool, _ reader: StoreReader, _ writer: StoreWriter, cost: PasswordHash.Cost = .standard,
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

    /// A name without account is answered alike, whatever is tried on it: its key and its look into the store are nobody's.
    func verify(_ ticket: Ticket, account: AccountID?, _ proof: Proof) {
        switch proof {
        case .token(let text): reader.verify(ticket, account ?? PasswordVerifier.nobody, ResumeToken(text))
        case .password(let text): verify(ticket, account: account, password: text)
        }
    }

    private static let nobody = AccountID(rawValue: 0)

    private func verify(_ ticket: Ticket, account: AccountID?, password: String) {
        let isQueued = pool.run(key: account?.rawValue ?? -Int64(ticket.rawValue)) { [self] in
            let (verification, hash) = PasswordVerifier.judge(account, password, store, dummy)
            answer(ticket, verification)
            if case .right = verification, let account, let hash, hash.cost.isBelow(cost) { strengthen(hash, of: account, password) }
        }
        if !isQueued { answer(ticket, .busy) }
    }

    /// Hashes a password, just seen to be right, anew at today's cost. Where that cannot be done now the next log-in will.
    private func strengthen(_ hash: PasswordHash, of account: AccountID, _ password: String) {
        _ = pool.run(key: account.rawValue) { [writer, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return }
            writer.run({ db in try Store.replaceHash(hash.text, of: account, by: phc, db) }, done: { _ in })
        }
    }

    /// Hashes and keeps a new password; `done` is called on some thread.
    /// - passwords: the account's ``Account/passwords`` from now on; nil where it could not be kept.
    func setPassword(of account: AccountID, to password: String, done: @escaping @Sendable (_ passwords: Int?) -> Void) {
        let isQueued = pool.run(key: account.rawValue) { [writer, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return done(nil) }
            let passwords = NIOLockedValueBox<Int?>(nil)
            writer.run(
                { db in
                    let count = try Store.setPassword(of: account, to: phc, db)
                    passwords.withLockedValue { $0 = count }
                },
                done: { succeeded in done(succeeded ? passwords.withLockedValue { $0 } : nil) })
        }
        if !isQueued { done(nil) }
    }

    private static func judge(
        _ account: AccountID?, _ password: String, _ store: Store, _ dummy: PasswordHash
    ) -> (Event.Verification, PasswordHash?) {
        do {
            guard password.utf8.count <= Limits.passwordBytes else { return (.wrong, nil) }
            guard let (text, passwords) = try store.password(of: account ?? nobody), let hash = PasswordHash(text) else {
                _ = try dummy.matches(password)
                return (.wrong, nil)
            }
            return (try hash.matches(password) ? .right(passwords: passwords) : .wrong, hash)
        } catch {
            return (.failed, nil)
        }
    }
}

extension FairPool.Limits {
    /// Of passwords, compared and hashed: half of the cores are left to the chat.
    static let hashing = FairPool.Limits(
        threads: max(1, ProcessInfo.processInfo.activeProcessorCount / 2), waiting: 512, waitingPerKey: 8)
}
