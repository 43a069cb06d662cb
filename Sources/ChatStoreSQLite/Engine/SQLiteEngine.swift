import ChatProtocol
import ChatStore
import Dispatch

/// The engine on a data folder's SQLite file: one thread writes, others read. Everything it reports as stored is on the disk.
package final class SQLiteEngine: Engine, @unchecked Sendable {
    // Unchecked: `start` makes the threads before anybody else has the engine, and they never change.
    private let store: Store
    private let keepDays: Int?
    private let searchTime: DispatchTimeInterval
    private let listener: Listener
    private var threads: (writer: StoreWriter, reader: StoreReader)?

    /// Callbacks for the operator and the metrics, called on the writing thread.
    package struct Listener: Sendable {
        /// A commit was tried, with this number of proposals, the seconds it took, and the number that failed.
        package var committed: @Sendable (_ proposals: Int, _ seconds: Double, _ failed: Int) -> Void
        /// The store fails, with the reason, or works again, with nil. Called once per change.
        package var failing: @Sendable (String?) -> Void
        /// Any other message for the operator.
        package var noticing: @Sendable (String) -> Void

        package init(
            committed: @escaping @Sendable (_ proposals: Int, _ seconds: Double, _ failed: Int) -> Void = { _, _, _ in },
            failing: @escaping @Sendable (String?) -> Void = { _ in }, noticing: @escaping @Sendable (String) -> Void = { _ in }
        ) {
            self.committed = committed
            self.failing = failing
            self.noticing = noticing
        }
    }

    /// - Parameters:
    ///   - keepDays: the days after which messages are deleted; nil keeps all.
    ///   - searchTime: the time limit of one search.
    package init(
        _ store: Store, keepDays: Int? = nil, searchTime: DispatchTimeInterval = SearchTime.limit, _ listener: Listener = Listener()
    ) {
        self.store = store
        self.keepDays = keepDays
        self.searchTime = searchTime
        self.listener = listener
    }

    package func start(_ report: @escaping @Sendable ([Report]) -> Void) throws -> StoreState {
        let state = try store.loadState()
        let writer = StoreWriter(
            store, state, keepDays: keepDays,
            StoreWriter.Listener(
                report: report, committed: listener.committed, failing: listener.failing, noticing: listener.noticing))
        let reader = try StoreReader(store, searchTime: searchTime, report: report)
        threads = (writer, reader)
        do {
            try writer.start()
            try reader.start()
        } catch {
            stop()
            throw error
        }
        return state
    }

    package func append(_ proposals: [Proposal]) { threads?.writer.enqueue(proposals) }

    package func catchUp(_ request: RequestID) { threads?.writer.catchUp(request) }

    package func read(_ request: RequestID, _ query: StoreQuery) { threads?.reader.read(request, query) }

    package func stop() {
        threads?.reader.stop()
        threads?.writer.stop()
    }

    /// The numbers of waiting proposals and queries.
    package var waiting: (writes: Int, reads: Int) { (threads?.writer.waiting ?? 0, threads?.reader.waiting ?? 0) }

    package func password(of account: AccountID) throws -> PasswordRecord? { try store.password(of: account) }

    package func replaceHash(_ old: String, of account: AccountID, by hash: String) {
        threads?.writer.run({ db in try Store.replaceHash(old, of: account, by: hash, db) }, done: { _ in })
    }

    package func findToken(_ hash: [UInt8], of account: AccountID, done: @escaping @Sendable (Result<Int?, any Error>) -> Void) {
        threads?.reader.findToken(hash, of: account, done: done)
    }

    package func publish(active accounts: [AccountID]) { threads?.reader.publish(active: accounts) }

    package var isToPublishAgain: Bool { threads?.reader.isToPublishAgain ?? false }
}
