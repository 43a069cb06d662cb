import ChatHub
import ChatProtocol
import Foundation
import GRDB
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import ChatServer

/// A store in a folder of its own, with the accounts `yoda`, `luke` and `hans` (1, 2, 3).
final class StoreFixture: Sendable {
    let temporary: TemporaryFolder
    let folder: DataFolder
    let store: Store
    static let start = Timestamp(milliseconds: 1_769_862_896_000)

    init() throws {
        temporary = try TemporaryFolder()
        folder = DataFolder(temporary.file("data"))
        try folder.prepare()
        store = try Store(folder)
        try StoreFixture.addAccounts(store)
    }

    static let yoda = AccountID(rawValue: 1)
    static let luke = AccountID(rawValue: 2)
    static let hans = AccountID(rawValue: 3)

    private static func addAccounts(_ store: Store) throws {
        try store.pool.write { db in
            for name in ["Yoda", "luke", "hans"] {
                try db.execute(
                    sql: "INSERT INTO accounts(name, folded, phc, created) VALUES(?, ?, 'none', 0)", arguments: [name, Name.fold(name)])
            }
        }
    }

    static func message(
        _ id: Int64, from sender: AccountID, _ senderName: String, to target: ChatMessage.Target, _ text: String
    ) throws -> ChatMessage {
        ChatMessage(
            id: MessageID(rawValue: id), time: start.adding(milliseconds: id), sender: sender, senderName: try Name(senderName),
            target: target, text: text)
    }
}

/// A running writer and what it told.
final class WriterProbe: Sendable {
    let writer: StoreWriter
    private let results = NIOLockedValueBox<[RequestID: Bool]>([:])
    private let batches = NIOLockedValueBox<[Int]>([])
    private let accounts = NIOLockedValueBox<[[Account]]>([])
    private let failures = NIOLockedValueBox<[String?]>([])
    private let notes = NIOLockedValueBox<[String]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    init(_ store: Store) {
        let (results, batches, accounts, failures, notes, arrivals) = (results, batches, accounts, failures, notes, arrivals)
        writer = StoreWriter(
            store,
            StoreWriter.Listener(
                stored: { answers in
                    results.withLockedValue { for (requestID, succeeded) in answers { $0[requestID] = succeeded } }
                    batches.withLockedValue { $0.append(answers.count) }
                    for _ in answers { arrivals.signal() }
                },
                accountsChanged: { list in
                    accounts.withLockedValue { $0.append(list) }
                    arrivals.signal()
                },
                failing: { problem in failures.withLockedValue { $0.append(problem) } },
                noticing: { notice in notes.withLockedValue { $0.append(notice) } }))
        writer.start()
    }

    /// Writes all at once and waits for each answer.
    func store(_ writes: [StoreWrite], firstTicket: UInt64 = 1) -> [Bool?] {
        let requestIDs = writes.indices.map { RequestID(rawValue: firstTicket + UInt64($0)) }
        writer.store(Array(zip(requestIDs, writes)))
        for _ in writes where arrivals.wait(timeout: .now() + 20) == .timedOut { break }
        return requestIDs.map { results.withLockedValue { $0 }[$0] }
    }

    func nextAccounts() -> [Account]? {
        arrivals.wait(timeout: .now() + 20) == .success ? accounts.withLockedValue { $0 }.last : nil
    }

    var batchSizes: [Int] { batches.withLockedValue { $0 } }
    var reportedFailures: [String?] { failures.withLockedValue { $0 } }
    var notices: [String] { notes.withLockedValue { $0 } }
}

extension PasswordHash.Cost {
    /// For tests that need many passwords.
    static let cheap = PasswordHash.Cost(log2Rounds: 1, blockSize: 8, parallelism: 1)
}
