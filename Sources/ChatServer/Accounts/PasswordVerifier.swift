import ChatHub
import ChatProtocol
import ChatStore
import ChatStoreSQLite
import Foundation
import NIOConcurrencyHelpers
import SystemSupport

/// Carries out ``Action/verify(_:account:_:from:)``: passwords on the hashing pool, tokens by a query of the store.
final class PasswordVerifier: Sendable {
    private let pool: FairPool<HashingKey>
    private let engine: any Engine & Sendable
    private let cost: PasswordHash.Cost
    private let answer: @Sendable (RequestID, Event.Verification) -> Void
    /// The hash against which passwords of unknown names are compared, so that they take the same time.
    private let dummy: PasswordHash
    /// Requests whose password waits for its comparison.
    private let awaited = NIOLockedValueBox<Set<RequestID>>([])

    init(
        _ engine: any Engine & Sendable, _ pool: FairPool<HashingKey>, cost: PasswordHash.Cost = .standard,
        answer: @escaping @Sendable (RequestID, Event.Verification) -> Void
    ) {
        self.pool = pool
        self.engine = engine
        self.cost = cost
        self.answer = answer
        dummy = PasswordHash(decoyAt: cost)
    }

    /// Verifies a proof. A name without account takes the same steps as one with, and fails.
    /// - Parameter address: the address of the client. Addresses take turns.
    func verify(_ requestID: RequestID, account: AccountID?, _ proof: Proof, from address: String) {
        switch proof {
        case .token(let text):
            engine.findToken(Array(ResumeToken(text).hash), of: account ?? PasswordVerifier.nobody) { [answer] found in
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
            guard removeAwaited(requestID) else { return answer(requestID, .abandoned) }
            let (verification, hash) = PasswordVerifier.judge(account, password, engine, dummy)
            answer(requestID, verification)
            if case .right = verification, let account, let hash, hash.cost.isBelow(cost) { strengthen(hash, of: account, password) }
        }
        guard !isQueued else { return }
        _ = removeAwaited(requestID)
        answer(requestID, .busy)
    }

    /// Withdraws a verification. If it has not begun, it is answered in its turn as ``Event/Verification/abandoned``.
    func abandon(_ requestID: RequestID) { _ = removeAwaited(requestID) }

    private func removeAwaited(_ requestID: RequestID) -> Bool { awaited.withLockedValue { $0.remove(requestID) != nil } }

    /// Replaces the hash of a correct password by one of the current cost. If that fails, the next log-in tries again.
    private func strengthen(_ hash: PasswordHash, of account: AccountID, _ password: String) {
        _ = pool.run(key: .account(account)) { [engine, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return }
            engine.replaceHash(hash.text, of: account, by: phc)
        }
    }

    /// Hashes a new password and proposes it. `failed` is called on any thread if the password cannot be hashed.
    func setPassword(_ requestID: RequestID, of account: AccountID, to password: String, failed: @escaping @Sendable () -> Void) {
        let isQueued = pool.run(key: .account(account)) { [engine, cost] in
            guard let phc = try? PasswordHash(of: password, cost: cost).text else { return failed() }
            engine.append([Proposal(requestID, .setPassword(account, passwordHash: phc))])
        }
        if !isQueued { failed() }
    }

    private static func judge(
        _ account: AccountID?, _ password: String, _ engine: any Engine, _ dummy: PasswordHash
    ) -> (Event.Verification, PasswordHash?) {
        do {
            guard password.utf8.count <= Limits.passwordBytes else { return (.wrong, nil) }
            guard let record = try engine.password(of: account ?? nobody), let hash = PasswordHash(record.hash) else {
                _ = try dummy.matches(password)
                return (.wrong, nil)
            }
            if try hash.matches(password) { return (.right(generation: record.generation), hash) }
            // A cheaper old hash would be told by its time from a name without account.
            if hash.cost.isBelow(dummy.cost) { _ = try dummy.matches(password) }
            return (.wrong, hash)
        } catch {
            return (.failed, nil)
        }
    }
}

/// A key for turns on the hashing pool.
enum HashingKey: Hashable {
    /// The client address that tries a password.
    case address(String)
    /// The account whose password is hashed.
    case account(AccountID)
}

extension PoolLimits {
    /// Limits of password hashing. Half of the cores are left to the chat, and a quarter of the queue to other addresses. Each name has at
    /// most one verification at a time (see ``PasswordAttemptQueue``).
    static let hashing = PoolLimits(
        threads: max(1, ProcessInfo.processInfo.activeProcessorCount / 2), waiting: 512, waitingPerKey: 384)
}
