import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import ChatStoreSQLite

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

/// An entry for a test to store directly, with ids and numbers of its own choice.
enum Written {
    case message(ChatMessage)
    case groupCreated(Group)
    case memberJoined(GroupID, AccountID, after: MessageID)
    case memberLeft(GroupID, AccountID)
    case readMarker(AccountID, ReadTarget, Timestamp)
    case record(HubRecord)

    static func lockOut(_ row: StoreState.LockOut) -> Written { .record(.lockOut(row)) }
    static func lockOutsEnded(_ names: [String]) -> Written { .record(.lockOutsEnded(names)) }
    static func cursors(_ cursors: [AccountID: DeliveryCursor]) -> Written { .record(.cursors(cursors)) }
    static func token(_ grant: TokenGrant) -> Written { .record(.token(grant)) }

    fileprivate var entry: Entry {
        let (position, content): (MessageID, Entry.Content) =
            switch self {
            case .message(let message): (message.id, .message(message))
            case .groupCreated(let group): (.zero, .groupCreated(group))
            case .memberJoined(let group, let account, let after): (after, .memberJoined(group, account))
            case .memberLeft(let group, let account): (.zero, .memberLeft(group, account))
            case .readMarker(let account, let target, let time): (.zero, .readMarked(account, target, time))
            case .record(let record): (.zero, .recorded(record))
            }
        return Entry(position: position, time: StoreFixture.start, content)
    }
}

/// A running engine and its reports.
final class WriterProbe: Sendable {
    private let store: Store
    private let running: NIOLockedValueBox<SQLiteEngine>
    private let seen = Seen()

    private struct Seen: Sendable {
        let outcomes = NIOLockedValueBox<[RequestID: Outcome]>([:])
        let others = NIOLockedValueBox<[Entry]>([])
        let batches = NIOLockedValueBox<[Int]>([])
        let failures = NIOLockedValueBox<[String?]>([])
        let notes = NIOLockedValueBox<[String]>([])
        let lastRequest = NIOLockedValueBox<UInt64>(0)
        let arrivals = DispatchSemaphore(value: 0)
    }

    init(_ store: Store) {
        self.store = store
        running = NIOLockedValueBox(WriterProbe.start(store, seen))
    }

    private static func start(_ store: Store, _ seen: Seen) -> SQLiteEngine {
        let engine = SQLiteEngine(
            store,
            SQLiteEngine.Listener(
                committed: { proposals, _, _ in seen.batches.withLockedValue { $0.append(proposals) } },
                failing: { problem in seen.failures.withLockedValue { $0.append(problem) } },
                noticing: { notice in seen.notes.withLockedValue { $0.append(notice) } }))
        do {
            _ = try engine.start { reports in
                for report in reports {
                    switch report {
                    case .decided(let request?, let outcome): seen.outcomes.withLockedValue { $0[request] = outcome }
                    case .decided(nil, .stored(let entry)): seen.others.withLockedValue { $0.append(entry) }
                    case .decided, .caughtUp, .found: break
                    }
                    seen.arrivals.signal()
                }
            }
        } catch { Issue.record("\(error)") }
        return engine
    }

    var engine: SQLiteEngine { running.withLockedValue { $0 } }
    func stop() { engine.stop() }

    /// Inserts rows between the runs of two engines. The second one indexes them.
    @discardableResult
    func store(_ written: [Written]) -> [Bool?] {
        stop()
        defer { running.withLockedValue { $0 = WriterProbe.start(store, seen) } }
        do {
            try store.pool.write { db in
                var applier = StoreApplier()
                for entry in written.map(\.entry) {
                    try applier.apply(entry, from: .record(.lockOutsEnded([])), db)
                    guard case .message(let message) = entry.content else { continue }
                    try db.execute(
                        sql: "UPDATE counters SET value = max(value, ?) WHERE name = 'last_message'", arguments: [message.id.rawValue])
                }
            }
            return written.map { _ in true }
        } catch {
            Issue.record("\(error)")
            return written.map { _ in false }
        }
    }

    /// Proposes all changes at once and waits for the outcome of each.
    func propose(_ changes: [Change]) -> [Outcome?] {
        let first = seen.lastRequest.withLockedValue { last in
            defer { last += UInt64(changes.count) }
            return last + 1
        }
        let requests = changes.indices.map { RequestID(rawValue: first + UInt64($0)) }
        engine.append(zip(requests, changes).map { Proposal($0, $1) })
        return requests.map(outcome)
    }

    /// The outcome of the proposal with that request.
    func outcome(of request: RequestID) -> Outcome? {
        while seen.outcomes.withLockedValue({ $0[request] }) == nil {
            if seen.arrivals.wait(timeout: .now() + 20) == .timedOut { return nil }
        }
        return seen.outcomes.withLockedValue { $0[request] }
    }

    /// The next entry of somebody else.
    func nextOfOthers() -> Entry? { seen.arrivals.wait(timeout: .now() + 20) == .success ? seen.others.withLockedValue { $0 }.last : nil }

    var others: [Entry] { seen.others.withLockedValue { $0 } }
    var batchSizes: [Int] { seen.batches.withLockedValue { $0 } }
    var reportedFailures: [String?] { seen.failures.withLockedValue { $0 } }
    var notices: [String] { seen.notes.withLockedValue { $0 } }
}

extension StoreFixture {
    /// A proposal of a message.
    static func draft(from sender: AccountID, _ senderName: String, to target: ChatMessage.Target, _ text: String) throws -> Change {
        .message(MessageDraft(sender: sender, senderName: try Name(senderName), target: target, text: text))
    }
}

extension Store {
    func findAccount(_ name: Name) throws -> Account? { try loadState().accounts.first { $0.name == name } }
}

extension Outcome {
    /// The stored entry; nil for another outcome.
    var entry: Entry? { if case .stored(let entry) = self { entry } else { nil } }
}

extension PasswordHash.Cost {
    /// The cost for tests that hash many passwords.
    static let cheap = PasswordHash.Cost(log2Rounds: 1, blockSize: 8, parallelism: 1)
}
