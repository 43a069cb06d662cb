import ChatHub
import ChatProtocol
import ChatStore
import ChatStoreSQLite
import Foundation
import NIOConcurrencyHelpers
import SystemSupport

/// Answers ``Action/verify(_:account:_:)``: passwords on the hashing pool, tokens by a look into the store.
final class PasswordVerifier: Sendable {
    private let pool: FairPool<HashingKey>
    private let engine: SQLiteEngine
    private let cost: PasswordHash.Cost
    private let answer: @Sendable (RequestID, Event.Verification) -> Void
    /// What the password of a name without account is compared with, so that it takes as long.
    private let dummy: PasswordHash
    /// Passwords that wait to be compared.
    private let awaited = NIOLockedValueBox<Set<RequestID>>([])

    init(
        _ engine: SQLiteEngine, _ pool: FairPool<HashingKey>, cost: PasswordHash.Cost = .standard,
        answer: @escaping @Sendable (RequestID, Event.Verification) -> Void
    ) {
        self.pool = pool
        self.engine = engine
        self.cost = cost
        self.answer = answer
        dummy = PasswordHash(decoyAt: cost)
    }

    /// A name without account is answered alike, whatever is tried on it: its key and its look into the store are nobody's.
    /// - Parameter address: where it comes from; addresses take turns.
    func verify(_ requestID: RequestID, account: AccountID?, _ proof: Proof, from address: String) {
        switch proof {
        case .token(let text):
            engine.verify(account ?? PasswordVerifier.nobody, ResumeToken(text)) { [answer] found in
                switch found {
                case .success(let generation): answer(requestID, generation.map { .right(generation: $0) } ?? .expiredToken)
                case .failure: answer(requestID, .failed)
                }
            }
        case .password(let text): verify(requestID, account: account, password: text, from: address)
        }
    }

    private static let nobody = AccountID(rawValue: 0)

    private func verify(_ requestID: RequestID, account: AccountID?, password: String, from address: String) {
        awaited.withLockedValue { _ = $0.insert(requestID) }
        let isQueued = pool.run(key: .address(address)) { [self] in
            guard takeAwaited(requestID) else { return answer(requestID, .abandoned) }
            let (verification, hash) = PasswordVerifier.judge(account, password, engine, dummy)
            answer(requestID, verification)
            if case .right = verification, let account, let hash, hash.cost.isBelow(cost) { strengthen(hash, of: account, password) }
        }
        guard !isQueued else { return }
        _ = takeAwaited(requestID)
        answer(requestID, .busy)
    }

    /// Nobody waits for that answer any more: what has not been compared yet is answered as ``Event/Verification/abandoned``, in its turn.
    func abandon(_ requestID: RequestID) { _ = takeAwaited(requestID) }

    private func takeAwaited(_ requestID: RequestID) -> Bool { awaited.withLockedValue { $0.remove(requestID) != nil } }

    /// Hashes a password, just seen to be right, anew at today's cost. Where that cannot be done now the next log-in will.
    private func strengthen(_ hash: PasswordHash, of account: AccountID, _ password: String) {
        _ = pool.run(key: .account(account)) { [engine, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return }
            engine.replaceHash(hash.text, of: account, by: phc)
        }
    }

    /// Hashes a new password and proposes it; `failed` is called on some thread where it cannot be hashed.
    func setPassword(_ requestID: RequestID, of account: AccountID, to password: String, failed: @escaping @Sendable () -> Void) {
        let isQueued = pool.run(key: .account(account)) { [engine, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return failed() }
            engine.append([Proposal(requestID, .setPassword(account, passwordHash: phc))])
        }
        if !isQueued { failed() }
    }

    private static func judge(
        _ account: AccountID?, _ password: String, _ engine: SQLiteEngine, _ dummy: PasswordHash
    ) -> (Event.Verification, PasswordHash?) {
        do {
            guard password.utf8.count <= Limits.passwordBytes else { return (.wrong, nil) }
            guard let (text, generation) = try engine.password(of: account ?? nobody), let hash = PasswordHash(text) else {
                _ = try dummy.matches(password)
                return (.wrong, nil)
            }
            if try hash.matches(password) { return (.right(generation: generation), hash) }
            // An older record, which takes less, would be known by it from a name that has none.
            if hash.cost.isBelow(dummy.cost) { _ = try dummy.matches(password) }
            return (.wrong, hash)
        } catch {
            return (.failed, nil)
        }
    }
}

/// Whose turn it is on the hashing pool.
enum HashingKey: Hashable {
    /// Who tries a password.
    case address(String)
    /// Whose password is hashed anew.
    case account(AccountID)
}

extension PoolLimits {
    /// Of passwords, compared and hashed: half of the cores are left to the chat, and a quarter of the places to other addresses. Of one name there is never
    /// more than one (see ``PasswordAttemptQueue``).
    static let hashing = PoolLimits(
        threads: max(1, ProcessInfo.processInfo.activeProcessorCount / 2), waiting: 512, waitingPerKey: 384)
}
