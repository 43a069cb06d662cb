import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import SystemSupport

/// The one thread that writes to the store. It commits all waiting proposals in one transaction (group commit), so that all of them share
/// its cost.
///
/// If the transaction fails, each proposal is tried alone. A failing store (full, read-only) refuses proposals. It is tried again with the
/// next proposal, and every few seconds without one, so it recovers without a restart.
final class StoreWriter: Sendable {
    /// Callbacks of the writer, called on its thread.
    struct Listener: Sendable {
        /// Outcomes of proposals, once they are on the disk, and entries of others.
        let report: @Sendable ([Report]) -> Void
        /// A commit was tried, with this number of writes, the seconds it took, and the number that failed.
        var committed: @Sendable (_ writes: Int, _ seconds: Double, _ failed: Int) -> Void = { _, _, _ in }
        /// The store fails, with the reason, or works again, with nil. Called once per change.
        let failing: @Sendable (String?) -> Void
        /// Any other message for the operator.
        var noticing: @Sendable (String) -> Void = { _ in }
    }

    private enum Request: Sendable {
        case propose(Proposal)
        case catchUp(RequestID)
        /// A transaction of its own, in its turn.
        case job(@Sendable (Database) throws -> Void, done: @Sendable (_ succeeded: Bool) -> Void)
    }

    private let store: Store
    private let listener: Listener
    private let state: StoreState
    private let keepDays: Int?
    private let mailbox = Mailbox<Request>()
    private let thread = NIOLockedValueBox<JoinableThread?>(nil)
    private static let watchInterval = 0.2
    /// Seconds between two probes of a failing store that has nothing to write.
    private static let probeInterval = 2.0

    /// - Parameters:
    ///   - state: the stored state at the start. Later entries are reported.
    ///   - keepDays: the days after which messages are deleted; nil keeps all.
    init(_ store: Store, _ state: StoreState, keepDays: Int? = nil, _ listener: Listener) {
        self.store = store
        self.keepDays = keepDays
        self.listener = listener
        self.state = state
    }

    /// - Throws: if the system gives no thread.
    func start() throws(SystemError) {
        let thread = try JoinableThread("chatty-store") { [self] in run() }
        self.thread.withLockedValue { $0 = thread }
    }

    /// Commits the waiting proposals, then ends the thread and returns.
    func stop() {
        mailbox.close()
        thread.withLockedValue(\.self)?.join()
    }

    var waiting: Int { mailbox.count }

    func enqueue(_ proposals: [Proposal]) { mailbox.put(proposals.map { Request.propose($0) }) }

    func catchUp(_ request: RequestID) { mailbox.put(.catchUp(request)) }

    /// Runs a change that is no proposal in a transaction of its own. `done` is called on this thread.
    func run(_ job: @escaping @Sendable (Database) throws -> Void, done: @escaping @Sendable (_ succeeded: Bool) -> Void) {
        mailbox.put(.job(job, done: done))
    }

    private func run() {
        var order = Order(ledger: Ledger(state, at: .now), followed: state.position)
        // The loaded state includes entries of other processes up to its position. Rows that cannot be deleted now are deleted with the
        // next ones.
        try? store.pool.writeWithoutTransaction { db in try EntryTable.deleteUp(to: state.position, db) }
        var index = try? store.pool.writeWithoutTransaction(SearchIndex.init)
        var retention = keepDays.map { Retention(days: $0) }
        var removals = UnfinishedRemovals()
        var nextWatch = DispatchTime.now() + StoreWriter.watchInterval
        var isFailing = false
        var nextProbe = nextWatch
        func recordHealth(_ problem: String?) {
            if problem != nil { nextProbe = DispatchTime.now() + StoreWriter.probeInterval }
            guard (problem != nil) != isFailing else { return }
            isFailing = problem != nil
            listener.failing(problem)
        }
        var spare: [Request] = []
        var indexing = IndexingTurns()
        while let requests = mailbox.take(reusing: spare, until: index?.isIdle == false ? min(nextWatch, indexing.next) : nextWatch) {
            // All of these questions precede this read of the entries. Their answers wait for no commit.
            let questions = requests.compactMap { if case .catchUp(let request) = $0 { Report.caughtUp(request) } else { nil } }
            if !questions.isEmpty {
                follow(&order)
                listener.report(questions)
            }
            var rest = requests[...]
            while let first = rest.first {
                switch first {
                case .job(let job, let done):
                    done(perform(job))
                    rest = rest.dropFirst()
                case .catchUp: rest = rest.dropFirst()
                case .propose:
                    // One transaction takes all proposals up to the next job. Questions in between have been answered above.
                    let together = rest.prefix { if case .job = $0 { false } else { true } }
                    rest = rest.dropFirst(together.count)
                    let (reports, problem) = commitBatch(together, &order, &index)
                    recordHealth(problem)
                    listener.report(reports)
                }
            }
            let now = DispatchTime.now()
            if !requests.isEmpty { indexing.recordWrites(requests.count, at: now) }
            if index?.isIdle == false, now >= indexing.next {
                let succeeded = work(&index)
                indexing.recordStep(from: now, to: .now(), succeeded: succeeded)
            }
            if retention?.isIdle == false, requests.isEmpty { work(&retention) }
            if !removals.isIdle, requests.isEmpty { work(&removals) }
            spare = requests
            guard DispatchTime.now() >= nextWatch else { continue }
            // These run now and then, even if there is always a proposal to write.
            work(&retention)
            work(&removals)
            nextWatch = DispatchTime.now() + StoreWriter.watchInterval
            follow(&order)
            if isFailing, DispatchTime.now() >= nextProbe { recordHealth(StoreWriter.probe(store)) }
        }
    }

    /// The writer's state of the order. Belongs to its thread.
    private struct Order {
        var ledger: Ledger
        /// The position up to which entries of other processes have been reported.
        var followed: MessageID
        var applier = StoreApplier()
    }

    /// Commits proposals, in one transaction if possible.
    /// - Returns: the outcome of each, and why the store fails; nil while it works.
    private func commitBatch(
        _ requests: ArraySlice<Request>, _ order: inout Order, _ index: inout SearchIndex?
    ) -> (reports: [Report], problem: String?) {
        let begun = DispatchTime.now().uptimeNanoseconds
        let proposals = requests.compactMap { if case .propose(let proposal) = $0 { proposal } else { nil } }
        var reports: [Report] = []
        reports.reserveCapacity(proposals.count)
        var problem: String?
        var failed = 0
        var failure = transact(proposals[...], &order, &index, &reports)
        // After a checkpoint the log's contents are in the file, and its room is free for this transaction.
        if failure?.resultCode == .SQLITE_FULL, store.putLogBack() { failure = transact(proposals[...], &order, &index, &reports) }
        if failure != nil {
            for position in proposals.indices {
                guard let error = transact(proposals[position...position], &order, &index, &reports) else { continue }
                failed += 1
                reports.append(.decided(proposals[position].request, .failed))
                let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
                // A change that breaks a constraint says nothing about the store. But it should not have been proposed.
                if error.resultCode == .SQLITE_CONSTRAINT {
                    listener.noticing("The database refused one change: \(reason).")
                } else {
                    problem = reason
                }
            }
        }
        listener.committed(proposals.count, Double(DispatchTime.now().uptimeNanoseconds - begun) / 1e9, failed)
        return (reports, problem)
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

    /// When the index is worked on: as soon as nothing is written for a moment, and under constant writes for a small share of the time.
    /// The share shrinks as writes increase, because every session waits for commits, and on a busy processor the index costs them many
    /// times its own time.
    private struct IndexingTurns {
        private var lastWrites = DispatchTime(uptimeNanoseconds: 1)
        /// Writes since the last step.
        private var writes = 0
        private var lastStep = DispatchTime.now()
        /// When a failed step may be retried.
        private var retry = DispatchTime(uptimeNanoseconds: 1)
        /// When the share allows the next step under constant writes.
        private var turn = DispatchTime(uptimeNanoseconds: 1)
        /// Seconds without writes after which the index is worked on.
        private static let quiet = 0.25
        private static let pauseAfterFailure = 0.2
        private static let longestPause = 2.0
        /// Under constant writes the pause is at least this many times the length of the step.
        private static let rest = 19.0
        /// Writes per second up to which the processor has time to spare.
        private static let easyRate = 4000.0

        /// The time of the next step.
        var next: DispatchTime { max(retry, min(lastWrites + IndexingTurns.quiet, max(turn, lastWrites))) }

        mutating func recordWrites(_ count: Int, at now: DispatchTime) {
            lastWrites = now
            writes += count
        }

        mutating func recordStep(from begun: DispatchTime, to now: DispatchTime, succeeded: Bool) {
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

    /// Performs a step of the index. If it fails it is retried later, because only searches depend on it.
    private func work(_ index: inout SearchIndex?) -> Bool {
        do {
            try store.pool.writeWithoutTransaction { db in try index?.work(db) }
            return true
        } catch {
            return false
        }
    }

    /// Performs a step of the retention. If it fails, the next pass retries it.
    private func work(_ retention: inout Retention?) {
        guard retention != nil else { return }
        try? store.pool.writeWithoutTransaction { db in try retention?.work(db, at: .now) }
        if let notice = retention?.popNotice() { listener.noticing(notice) }
    }

    /// Performs a step of the removals. If it fails it is retried later.
    private func work(_ removals: inout UnfinishedRemovals) {
        try? store.pool.writeWithoutTransaction { db in try removals.work(db, at: .now) }
    }

    /// Writes proposals in one transaction.
    /// - Parameter reports: receives the outcomes if the transaction is committed, and in any case the entries of others before it.
    /// - Returns: why nothing was written; nil if all is on the disk.
    private func transact(
        _ proposals: ArraySlice<Proposal>, _ order: inout Order, _ index: inout SearchIndex?, _ reports: inout [Report]
    ) -> DatabaseError? {
        let now = EventTime.now
        // Reports from this index on are removed if nothing is written.
        var certain = reports.count
        var inserted: [(message: ChatMessage, conversation: Int64)] = []
        do {
            try store.pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    // The transaction excludes other writers. Their earlier entries come first in the order.
                    let others = try followed(&order, db)
                    reports += others
                    certain = reports.count
                    if !others.isEmpty { try EntryTable.deleteUp(to: order.followed, db) }
                    order.ledger.begin()
                    var lastOther: MessageID?
                    for proposal in proposals {
                        switch order.ledger.decide(proposal.change, at: now) {
                        case .entry(let entry):
                            if case .message(let message) = entry.content {
                                inserted.append((message, try order.applier.insert(message, db)))
                            } else {
                                try order.applier.apply(entry, from: proposal.change, db)
                                lastOther = entry.position
                            }
                            reports.append(.decided(proposal.request, .stored(entry)))
                        case .duplicate(let id, let time): reports.append(.decided(proposal.request, .duplicate(id, time)))
                        case .refused(let conflict): reports.append(.decided(proposal.request, .refused(conflict)))
                        }
                    }
                    if let last = inserted.last?.message.id {
                        try db.cachedStatement(sql: "UPDATE counters SET value = max(value, ?) WHERE name = 'last_message'")
                            .execute(arguments: [last.rawValue])
                    }
                    if let lastOther { try EntryTable.record(position: lastOther, db) }
                    return .commit
                }
            }
            order.ledger.commit()
            for (message, conversation) in inserted { index?.add(message, conversation: conversation) }
            return nil
        } catch {
            reports.removeSubrange(certain...)
            order.ledger.rollBack()
            order.applier.forget()
            return error as? DatabaseError ?? DatabaseError(resultCode: .SQLITE_ERROR, message: "\(error)")
        }
    }

    /// Applies the entries of other processes since the last read, and returns their reports.
    private func followed(_ order: inout Order, _ db: Database) throws -> [Report] {
        let entries = try EntryTable.entries(after: order.followed, db)
        guard let last = entries.last else { return [] }
        for entry in entries { order.ledger.follow(entry, at: .now) }
        order.followed = last.position
        return entries.map { .decided(nil, .stored($0)) }
    }

    /// Reports entries of other processes. If they cannot be read now, the next call reads them.
    private func follow(_ order: inout Order) {
        let reports = try? store.pool.writeWithoutTransaction { db in try followed(&order, db) }
        if let reports, !reports.isEmpty { listener.report(reports) }
    }

    /// Writes and deletes as much as a long message takes.
    /// - Returns: why that is not possible; nil if it is.
    private static func probe(_ store: Store) -> String? {
        // If the disk has room again, a checkpoint makes more of it.
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
}
