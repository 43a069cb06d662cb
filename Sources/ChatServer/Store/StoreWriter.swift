import ChatHub
import ChatProtocol
import Foundation
import GRDB

/// The one thread that writes to the store. All that waits goes into one transaction (group commit), so a commit's price is shared by all who came
/// while the last one was written.
///
/// Where that transaction fails each write is judged alone. A store that fails (full, read-only) refuses and is tried again with the next write, and
/// every few seconds where there is none: nothing has to be restarted, and that it works again is seen.
final class StoreWriter: Sendable {
    /// What the writer tells; called on its thread.
    struct Listener: Sendable {
        /// For each write, in order: whether it is on the disk.
        let stored: @Sendable ([(RequestID, succeeded: Bool)]) -> Void
        /// Another process has committed: these are all accounts now.
        let accountsChanged: @Sendable ([Account]) -> Void
        /// A commit has been tried: how many writes it held and how long it took, seconds.
        var committed: @Sendable (_ writes: Int, _ seconds: Double, _ failed: Int) -> Void = { _, _, _ in }
        /// The store fails, in words; once until it works again, which is told with nil.
        let failing: @Sendable (String?) -> Void
        /// Something else that the host has to know.
        var noticing: @Sendable (String) -> Void = { _ in }
    }

    private enum Request: Sendable {
        case write(RequestID, StoreWrite)
        /// A transaction of its own, in its turn.
        case job(@Sendable (Database) throws -> Void, done: @Sendable (_ succeeded: Bool) -> Void)
    }

    private let store: Store
    private let listener: Listener
    private let firstVersion: Int64?
    private let keepDays: Int?
    private let mailbox = Mailbox<Request>()
    private let ended = DispatchSemaphore(value: 0)
    private static let watchInterval = 0.2
    /// Seconds between tries of a store that fails and that nobody writes to.
    private static let probeInterval = 2.0

    /// What is read from the store after this has been made and then changes is told.
    /// - Parameter keepDays: messages that are older are taken away; nil keeps all.
    init(_ store: Store, keepDays: Int? = nil, _ listener: Listener) {
        self.store = store
        self.keepDays = keepDays
        self.listener = listener
        firstVersion = StoreWriter.dataVersion(store)
    }

    func start() {
        NamedThread.start("chatty-store") { [self] in
            run()
            ended.signal()
        }
    }

    /// Commits what waits, then ends; returns when it has.
    func stop() {
        mailbox.close()
        ended.wait()
    }

    var waiting: Int { mailbox.count }

    func store(_ writes: [(RequestID, StoreWrite)]) { mailbox.put(writes.map { Request.write($0.0, $0.1) }) }

    /// Runs a change that is none of the hub's, in a transaction of its own. `done` is called on this thread.
    func run(_ job: @escaping @Sendable (Database) throws -> Void, done: @escaping @Sendable (_ succeeded: Bool) -> Void) {
        mailbox.put(.job(job, done: done))
    }

    private func run() {
        var index = try? store.pool.writeWithoutTransaction(SearchIndex.init)
        var retention = keepDays.map { Retention(days: $0) }
        var removals = UnfinishedRemovals()
        var applier = StoreApplier()
        var version = firstVersion
        var nextWatch = DispatchTime.now() + StoreWriter.watchInterval
        var isFailing = false
        var nextProbe = nextWatch
        func note(_ problem: String?) {
            if problem != nil { nextProbe = DispatchTime.now() + StoreWriter.probeInterval }
            guard (problem != nil) != isFailing else { return }
            isFailing = problem != nil
            listener.failing(problem)
        }
        var spare: [Request] = []
        var indexing = IndexingTurns()
        while let requests = mailbox.take(reusing: spare, until: index?.isIdle == false ? min(nextWatch, indexing.next) : nextWatch) {
            var rest = requests[...]
            while let first = rest.first {
                switch first {
                case .job(let job, let done):
                    done(perform(job))
                    rest = rest.dropFirst()
                case .write:
                    let writes = rest.prefix { if case .write = $0 { true } else { false } }
                    rest = rest.dropFirst(writes.count)
                    let (results, problem) = commit(writes, &applier, &index)
                    note(problem)
                    listener.stored(results)
                }
            }
            let now = DispatchTime.now()
            if !requests.isEmpty { indexing.noteWrites(requests.count, at: now) }
            if index?.isIdle == false, now >= indexing.next {
                let succeeded = work(&index)
                indexing.noteStep(from: now, to: .now(), succeeded: succeeded)
            }
            if retention?.isIdle == false, requests.isEmpty { work(&retention) }
            if !removals.isIdle, requests.isEmpty { work(&removals) }
            spare = requests
            guard DispatchTime.now() >= nextWatch else { continue }
            // Once in a while even where there is always something else to do.
            work(&retention)
            work(&removals)
            nextWatch = DispatchTime.now() + StoreWriter.watchInterval
            watch(&version)
            if isFailing, DispatchTime.now() >= nextProbe { note(StoreWriter.probe(store)) }
        }
    }

    /// - Returns: what became of each write, and why the store fails, nil where it works.
    private func commit(
        _ requests: ArraySlice<Request>, _ applier: inout StoreApplier, _ index: inout SearchIndex?
    ) -> (results: [(RequestID, succeeded: Bool)], problem: String?) {
        let begun = DispatchTime.now().uptimeNanoseconds
        let writes = requests.compactMap { request -> (requestID: RequestID, write: StoreWrite)? in
            if case .write(let requestID, let write) = request { (requestID, write) } else { nil }
        }
        var problem: String?
        var results: [(RequestID, succeeded: Bool)]
        var failure = transact(writes[...], &applier, &index)
        // What the log holds is in the file too, then, and its room is free for this.
        if failure?.resultCode == .SQLITE_FULL, store.putLogBack() { failure = transact(writes[...], &applier, &index) }
        if failure == nil {
            results = writes.map { ($0.requestID, true) }
        } else {
            results = []
            for position in writes.indices {
                let error = transact(writes[position...position], &applier, &index)
                if let error {
                    let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
                    // One write that breaks a constraint says nothing of the store; but it should not have been asked for.
                    if error.resultCode == .SQLITE_CONSTRAINT {
                        listener.noticing("The database refused one change: \(reason).")
                    } else {
                        problem = reason
                    }
                }
                results.append((writes[position].requestID, succeeded: error == nil))
            }
        }
        let failed = results.count { !$0.succeeded }
        listener.committed(results.count, Double(DispatchTime.now().uptimeNanoseconds - begun) / 1e9, failed)
        return (results, problem)
    }

    private func perform(_ job: (Database) throws -> Void) -> Bool {
        do {
            try store.pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    try job(db)
                    return .commit
                }
            }
            return true
        } catch {
            return false
        }
    }

    /// When the index is worked on: whenever nothing has been written for a moment, and as long as writes keep coming only a small share of the time, for
    /// whoever waits for a commit is waited for by somebody else. The more of them there are the smaller it is: where the processor is full, what is spent
    /// here is missing there many times over.
    private struct IndexingTurns {
        private var lastWrites = DispatchTime(uptimeNanoseconds: 1)
        /// Since the last step.
        private var writes = 0
        private var lastStep = DispatchTime.now()
        /// After a step that failed.
        private var retry = DispatchTime(uptimeNanoseconds: 1)
        /// When its share allows a step although writes keep coming.
        private var turn = DispatchTime(uptimeNanoseconds: 1)
        /// Seconds.
        private static let quiet = 0.25
        private static let pauseAfterFailure = 0.2
        private static let longestPause = 2.0
        /// How many times as long as a step took nothing is done for the index while writes come, at the least.
        private static let rest = 19.0
        /// Writes a second that leave a processor time for other things.
        private static let easyRate = 4000.0

        /// Not before this.
        var next: DispatchTime { max(retry, min(lastWrites + IndexingTurns.quiet, max(turn, lastWrites))) }

        mutating func noteWrites(_ count: Int, at now: DispatchTime) {
            lastWrites = now
            writes += count
        }

        mutating func noteStep(from begun: DispatchTime, to now: DispatchTime, succeeded: Bool) {
            let rate = Double(writes) / max(0.001, IndexingTurns.seconds(from: lastStep, to: now))
            let pause = IndexingTurns.seconds(from: begun, to: now) * IndexingTurns.rest * max(1, rate / IndexingTurns.easyRate)
            turn = now + min(pause, IndexingTurns.longestPause)
            (writes, lastStep) = (0, now)
            if !succeeded { retry = now + IndexingTurns.pauseAfterFailure }
        }

        private static func seconds(from: DispatchTime, to: DispatchTime) -> Double {
            Double(to.uptimeNanoseconds - from.uptimeNanoseconds) / 1e9
        }
    }

    /// An index that cannot be written now is tried again later: nothing but finding depends on it.
    private func work(_ index: inout SearchIndex?) -> Bool {
        do {
            try store.pool.writeWithoutTransaction { db in try index?.work(db) }
            return true
        } catch {
            return false
        }
    }

    /// What cannot be taken away now is later: a look begins once an hour.
    private func work(_ retention: inout Retention?) {
        guard retention != nil else { return }
        try? store.pool.writeWithoutTransaction { db in try retention?.work(db, at: .now) }
        if let notice = retention?.takeNotice() { listener.noticing(notice) }
    }

    /// What cannot be taken away now is later.
    private func work(_ removals: inout UnfinishedRemovals) {
        try? store.pool.writeWithoutTransaction { db in try removals.work(db, at: .now) }
    }

    /// - Returns: why nothing was written; nil when all is on the disk.
    private func transact(
        _ writes: ArraySlice<(requestID: RequestID, write: StoreWrite)>, _ applier: inout StoreApplier, _ index: inout SearchIndex?
    ) -> DatabaseError? {
        do {
            let inserted = try store.pool.writeWithoutTransaction { db in
                var inserted: [(message: ChatMessage, conversation: Int64)] = []
                try db.inTransaction(.immediate) {
                    for (_, write) in writes {
                        if case .message(let message) = write {
                            inserted.append((message, try applier.insert(message, db)))
                        } else {
                            try applier.apply(write, db)
                        }
                    }
                    if let last = inserted.map(\.message.id).max() {
                        try db.cachedStatement(sql: "UPDATE counters SET value = max(value, ?) WHERE name = 'last_message'")
                            .execute(arguments: [last.rawValue])
                    }
                    return .commit
                }
                return inserted
            }
            for (message, conversation) in inserted { index?.note(message, conversation: conversation) }
            return nil
        } catch {
            applier.forget()
            return error as? DatabaseError ?? DatabaseError(resultCode: .SQLITE_ERROR, message: "\(error)")
        }
    }

    /// Writes what takes the room of a long message, and takes it away again.
    /// - Returns: why that is not possible.
    private static func probe(_ store: Store) -> String? {
        // Where others have made room this makes more of it.
        _ = store.putLogBack()
        do {
            try store.pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    try db.execute(
                        sql: """
                            INSERT INTO counters VALUES('probe' || hex(zeroblob(8192)), 0); DELETE FROM counters WHERE name LIKE 'probe%'
                            """)
                    return .commit
                }
            }
            return nil
        } catch {
            return (error as? DatabaseError)?.message ?? "\(error)"
        }
    }

    /// `PRAGMA data_version` changes when another connection has committed (https://www.sqlite.org/pragma.html#pragma_data_version).
    private static func dataVersion(_ store: Store) -> Int64? {
        try? store.pool.writeWithoutTransaction { db in try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) }
    }

    private func watch(_ version: inout Int64?) {
        let current = StoreWriter.dataVersion(store)
        guard let current, current != version else { return }
        // On an error the version stays as it was, and the next look finds the change again.
        guard let accounts = try? store.pool.writeWithoutTransaction(Store.accounts) else { return }
        version = current
        listener.accountsChanged(accounts)
    }
}
