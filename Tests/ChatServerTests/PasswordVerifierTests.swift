import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import NIOConcurrencyHelpers
import SystemSupport
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

@Suite(.longComputation) struct PasswordVerifierTests {
    private let yoda = AccountID(rawValue: 1)
    private let luke = AccountID(rawValue: 2)
    private let temporary: TemporaryFolder
    private let store: Store

    /// A store with the accounts `Yoda` (1, its password is `pass`) and `luke` (2).
    init() throws {
        temporary = try TemporaryFolder()
        let folder = DataFolder(temporary.file("data"))
        try folder.prepare()
        store = try Store(folder)
        let book = AccountBook(store, cost: .cheap)
        try book.add([Name("Yoda")], password: "pass", at: RunningServer.accountsMade)
        try book.add([Name("luke")], password: "other", at: RunningServer.accountsMade)
    }

    /// A verifier on an engine and a pool, with its answers.
    private final class Verification: Sendable {
        let verifier: PasswordVerifier
        let pool: FairPool<HashingKey>
        private let engine: SQLiteEngine
        private let answers = NIOLockedValueBox<[(request: UInt64, answer: Event.Verification)]>([])
        private let outcomes = NIOLockedValueBox<[Outcome]>([])
        private let arrived = DispatchSemaphore(value: 0)

        init(_ store: Store, _ limits: PoolLimits = .hashing) throws {
            pool = try FairPool("hash", limits)
            engine = SQLiteEngine(store)
            let (answers, outcomes, arrived) = (answers, outcomes, arrived)
            _ = try engine.start { reports in
                for case .decided(_?, let outcome) in reports {
                    outcomes.withLockedValue { $0.append(outcome) }
                    arrived.signal()
                }
            }
            verifier = PasswordVerifier(engine, pool, cost: .cheap) { request, answer in
                answers.withLockedValue { $0.append((request.rawValue, answer)) }
                arrived.signal()
            }
        }

        func verify(_ request: UInt64, _ account: AccountID?, _ proof: Proof, from address: String = "192.0.2.1") {
            verifier.verify(RequestID(rawValue: request), account: account, proof, from: address)
        }

        /// Waits for a number of answers and outcomes.
        func await(_ count: Int) { for _ in 0..<count { #expect(arrived.wait(timeout: .now() + 20) == .success) } }

        func stop() -> (answers: [(request: UInt64, answer: Event.Verification)], outcomes: [Outcome]) {
            pool.stop()
            engine.stop()
            return (answers.withLockedValue { $0 }, outcomes.withLockedValue { $0 })
        }
    }

    @Test func rightWrongAndGoneAreToldApart() throws {
        let verification = try Verification(store)
        verification.verify(1, yoda, .password("pass"))
        verification.verify(2, yoda, .password("Pass"))
        verification.verify(3, nil, .password("pass"))
        verification.verify(4, AccountID(rawValue: 99), .password("pass"))
        verification.verify(5, nil, .password(String(repeating: "x", count: 10_000)))
        verification.await(5)
        let token = ResumeToken()
        try store.pool.write { try Store.record(token.grant(to: yoda, at: EventTime.now.wall), $0) }
        verification.verify(6, yoda, .token(token.text))
        verification.verify(7, luke, .token(token.text))
        verification.verify(8, yoda, .token(ResumeToken().text))
        verification.await(3)
        // A new password invalidates the old one and every token.
        verification.verifier.setPassword(RequestID(rawValue: 1000), of: yoda, to: "new") { Issue.record("it was not hashed") }
        verification.await(1)
        verification.verify(9, yoda, .token(token.text))
        verification.verify(10, yoda, .password("pass"))
        verification.verify(11, yoda, .password("new"))
        verification.await(3)
        let (answers, outcomes) = verification.stop()
        let expected: [UInt64: Event.Verification] = [
            1: .right(), 2: .wrong, 3: .wrong, 4: .wrong, 5: .wrong, 6: .right(), 7: .expiredToken, 8: .expiredToken, 9: .expiredToken,
            10: .wrong, 11: .right(generation: 1),
        ]
        #expect(Dictionary(uniqueKeysWithValues: answers.map { ($0.request, $0.answer) }) == expected)
        let account = Account(id: yoda, name: try Name("Yoda"), passwordGeneration: 1)
        guard case .stored(let entry) = outcomes.first else { throw RawClient.Failure.stillOpen("the password was not stored") }
        #expect(outcomes.count == 1 && entry.content == .accountSet(account))
    }

    /// Withdrawn verifications cost no hash, and one address does not exclude others.
    @Test func whoIsGoneCostsNothingAndAddressesTakeTurns() throws {
        var limits = PoolLimits.hashing
        limits.threads = 1
        let verification = try Verification(store, limits)
        let (began, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        #expect(
            verification.pool.run(key: .address("")) {
                began.signal()
                release.wait()
            })
        #expect(began.wait(timeout: .now() + 20) == .success)
        for number in 1...4 { verification.verify(UInt64(number), yoda, .password("pass")) }
        verification.verify(5, yoda, .password("pass"), from: "192.0.2.2")
        for number in [1, 3] { verification.verifier.abandon(RequestID(rawValue: UInt64(number))) }
        release.signal()
        verification.await(5)
        // Too late: the verification has been answered.
        verification.verifier.abandon(RequestID(rawValue: 2))
        let answers = verification.stop().answers
        #expect(answers.map(\.request) == [1, 5, 2, 3, 4])
        #expect(answers.map(\.answer) == [.abandoned, .right(), .right(), .abandoned, .right()])
    }
}
