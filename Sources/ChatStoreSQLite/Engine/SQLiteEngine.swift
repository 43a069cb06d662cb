import ChatProtocol
import ChatStore
import Dispatch

/// The engine on a data folder's SQLite file: one thread that writes, others that read. What it reports as stored is on the disk.
package final class SQLiteEngine: Engine, @unchecked Sendable {
    // Unchecked: the threads are made by `start`, before anybody else has the engine, and never changed.
    private let store: Store
    private let keepDays: Int?
    private let searchTime: DispatchTimeInterval
    private let listener: Listener
    private var threads: (writer: StoreWriter, reader: StoreReader)?

    /// What the host is told; called on the writing thread.
    package struct Listener: Sendable {
        /// A commit has been tried: how many proposals it held and how long it took, seconds.
        package var committed: @Sendable (_ proposals: Int, _ seconds: Double, _ failed: Int) -> Void
        /// The store fails, in words; once until it works again, which is told with nil.
        package var failing: @Sendable (String?) -> Void
        /// Something else that the host has to know.
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
    ///   - keepDays: messages that are older are taken away; nil keeps all.
    ///   - searchTime: what one search may take.
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

    package func append(_ proposals: [Proposal]) { threads?.writer.append(proposals) }

    package func catchUp(_ request: RequestID) { threads?.writer.catchUp(request) }

    package func read(_ request: RequestID, _ query: StoreQuery) { threads?.reader.read(request, query) }

    package func stop() {
        threads?.reader.stop()
        threads?.writer.stop()
    }

    /// Proposals and questions that wait.
    package var waiting: (writes: Int, reads: Int) { (threads?.writer.waiting ?? 0, threads?.reader.waiting ?? 0) }

    // Passwords, tokens and the list of who is active are no entries: only this machine's server and tools know them.

    /// The stored hash of an account's password, and of which setting it is; nil where the account is gone or has none. Reads on the caller's thread.
    package func password(of account: AccountID) throws -> (hash: String, generation: Int)? { try store.password(of: account) }

    /// Replaces the hash of the same password, where it is still that one.
    package func replaceHash(_ old: String, of account: AccountID, by hash: String) {
        threads?.writer.run({ db in try Store.replaceHash(old, of: account, by: hash, db) }, done: { _ in })
    }

    /// See ``StoreReader/verify(_:_:done:)``.
    package func verify(_ account: AccountID, _ token: ResumeToken, done: @escaping @Sendable (Result<Int?, any Error>) -> Void) {
        threads?.reader.verify(account, token, done: done)
    }

    /// Lets other processes know who is active.
    package func publish(active accounts: [AccountID]) { threads?.reader.publish(active: accounts) }

    /// Who is active could not be written the last time.
    package var isToPublishAgain: Bool { threads?.reader.isToPublishAgain ?? false }
}
