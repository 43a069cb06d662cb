import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import SystemSupport

/// The one thread that writes to the store. All that waits goes into one transaction (group commit), so a commit's price is shared by all who came
/// while the last one was written.
///
/// Where that transaction fails each write is judged alone. A store that fails (full, read-only) refuses and is tried again with the next write, and
/// every few seconds where there is none: nothing has to be restarted, and that it works again is seen.
final class StoreWriter: Sendable {
    /// What the writer tells; called on its thread.
    struct Listener: Sendable {
        /// What the proposals became, on the disk, and what others appended.
        let report: @Sendable ([Report]) -> Void
        /// A commit has been tried: how many writes it held and how long it took, seconds.
        var committed: @Sendable (_ writes: Int, _ seconds: Double, _ failed: Int) -> Void = { _, _, _ in }
        /// The store fails, in words; once until it works again, which is told with nil.
        let failing: @Sendable (String?) -> Void
        /// Something else that the host has to know.
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
    /// Seconds between tries of a store that fails and that nobody writes to.
    private static let probeInterval = 2.0

    /// - Parameters:
    ///   - state: what the store held at its position; what is appended after it is reported.
    ///   - keepDays: messages that are older are taken away; nil keeps all.
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

    /// Commits what waits, then ends; returns when it has.
    func stop() {
        mailbox.close()
        thread.withLockedValue(\.self)?.join()
    }

    var waiting: Int { mailbox.count }

    func append(_ proposals: [Proposal]) { mailbox.put(proposals.map { Request.propose($0) }) }

    func catchUp(_ request: RequestID) { mailbox.put(.catchUp(request)) }

    /// Runs a change that is none of the hub's, in a transaction of its own. `done` is called on this thread.
    func run(_ job: @escaping @Sendable (Database) throws -> Void, done: @escaping @Sendable (_ succeeded: Bool) -> Void) {
        mailbox.put(.job(job, done: done))
    }

    private func run() {
        var order = Order(ledger: Ledger(state, at: .now), followed: state.position)
        // What tools did while no server was there is in the tables. Rows that cannot be deleted now are with the next ones.
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
            // All of these were asked before this look, and nobody waits for a commit to hear what others have done.
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
                    // One transaction for all up to the next job: a question in between was answered above.
                    let together = rest.prefix { if case .job = $0 { false } else { true } }
                    rest = rest.dropFirst(together.count)
                    let (reports, problem) = commit(together, &order, &index)
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
            // Once in a while even where there is always something else to do.
            work(&retention)
            work(&removals)
            nextWatch = DispatchTime.now() + StoreWriter.watchInterval
            follow(&order)
            if isFailing, DispatchTime.now() >= nextProbe { recordHealth(StoreWriter.probe(store)) }
        }
    }

    /// What the writer knows of the order. Belongs to its thread.
    private struct Order {
        var ledger: Ledger
        /// The last entry of another process that has been reported, or something later.
        var followed: MessageID
        var applier = StoreApplier()
    }

    /// Lets proposals happen, together if that is possible.
    /// - Returns: what each became, and why the store fails, nil where it works.
    private func commit(
        _ requests: ArraySlice<Request>, _ order: inout Order, _ index: inout SearchIndex?
    ) -> (reports: [Report], problem: String?) {
        let begun = DispatchTime.now().uptimeNanoseconds
        let proposals = requests.compactMap { if case .propose(let proposal) = $0 { proposal } else { nil } }
        var reports: [Report] = []
        reports.reserveCapacity(proposals.count)
        var problem: String?
        var failed = 0
        var failure = transact(proposals[...], &order, &index, &reports)
        // What the log holds is in the file too, then, and its room is free for this.
        if failure?.resultCode == .SQLITE_FULL, store.putLogBack() { failure = transact(proposals[...], &order, &index, &reports) }
        if failure != nil {
            for position in proposals.indices {
                guard let error = transact(proposals[position...position], &order, &index, &reports) else { continue }
                failed += 1
                reports.append(.decided(proposals[position].request, .failed))
                let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
                // One change that breaks a constraint says nothing of the store; but it should not have been asked for.
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
        if let notice = retention?.popNotice() { listener.noticing(notice) }
    }

    /// What cannot be taken away now is later.
    private func work(_ removals: inout UnfinishedRemovals) {
        try? store.pool.writeWithoutTransaction { db in try removals.work(db, at: .now) }
    }

    /// - Parameter reports: gets what each proposal became, where they are on the disk, and in any case what others appended before.
    /// - Returns: why nothing was written; nil when all is on the disk.
    private func transact(
        _ proposals: ArraySlice<Proposal>, _ order: inout Order, _ index: inout SearchIndex?, _ reports: inout [Report]
    ) -> DatabaseError? {
        let now = EventTime.now
        // What follows these is taken back where nothing is written.
        var certain = reports.count
        var inserted: [(message: ChatMessage, conversation: Int64)] = []
        do {
            try store.pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    // Nobody else can append now: what has been appended comes first.
                    let others = try followed(&order, db)
                    reports += others
                    certain = reports.count
                    if !others.isEmpty { try EntryTable.deleteUp(to: order.followed, db) }
                    order.ledger.begin()
                    var lastOther: MessageID?
                    for proposal in proposals {
                        switch order.ledger.append(proposal.change, at: now) {
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

    /// What other processes have appended since the last look.
    private func followed(_ order: inout Order, _ db: Database) throws -> [Report] {
        let entries = try EntryTable.entries(after: order.followed, db)
        guard let last = entries.last else { return [] }
        for entry in entries { order.ledger.follow(entry, at: .now) }
        order.followed = last.position
        return entries.map { .decided(nil, .stored($0)) }
    }

    /// Reports what other processes have appended. Where that cannot be read now it is by the next look.
    private func follow(_ order: inout Order) {
        let reports = try? store.pool.writeWithoutTransaction { db in try followed(&order, db) }
        if let reports, !reports.isEmpty { listener.report(reports) }
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
}
