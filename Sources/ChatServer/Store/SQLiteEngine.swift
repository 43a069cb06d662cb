import ChatProtocol
import ChatStore
import Dispatch

/// The engine on a data folder's SQLite file: one thread that writes, others that read. What it reports as stored is on the disk.
final class SQLiteEngine: Engine, @unchecked Sendable {
    // Unchecked: the threads are made by `start`, before anybody else has the engine, and never changed.
    private let store: Store
    private let keepDays: Int?
    private let searchTime: DispatchTimeInterval
    private let listener: Listener
    private var threads: (writer: StoreWriter, reader: StoreReader)?

    /// What the host is told; called on the writing thread.
    struct Listener: Sendable {
        /// A commit has been tried: how many proposals it held and how long it took, seconds.
        var committed: @Sendable (_ proposals: Int, _ seconds: Double, _ failed: Int) -> Void = { _, _, _ in }
        /// The store fails, in words; once until it works again, which is told with nil.
        var failing: @Sendable (String?) -> Void = { _ in }
        /// Something else that the host has to know.
        var noticing: @Sendable (String) -> Void = { _ in }
    }

    /// - Parameters:
    ///   - keepDays: messages that are older are taken away; nil keeps all.
    ///   - searchTime: what one search may take.
    init(_ store: Store, keepDays: Int? = nil, searchTime: DispatchTimeInterval = SearchTime.limit, _ listener: Listener = Listener()) {
        self.store = store
        self.keepDays = keepDays
        self.searchTime = searchTime
        self.listener = listener
    }

    func start(_ report: @escaping @Sendable ([Report]) -> Void) throws -> StoreState {
        let state = try store.loadState()
        let writer = StoreWriter(
            store, state, keepDays: keepDays,
            StoreWriter.Listener(
                report: report, committed: listener.committed, failing: listener.failing, noticing: listener.noticing))
        let reader = StoreReader(store, searchTime: searchTime, report: report)
        threads = (writer, reader)
        writer.start()
        reader.start()
        return state
    }

    func append(_ proposals: [Proposal]) { threads?.writer.append(proposals) }

    func catchUp(_ request: RequestID) { threads?.writer.catchUp(request) }

    func read(_ request: RequestID, _ query: StoreQuery) { threads?.reader.read(request, query) }

    func stop() {
        threads?.reader.stop()
        threads?.writer.stop()
    }

    /// Proposals and questions that wait.
    var waiting: (writes: Int, reads: Int) { (threads?.writer.waiting ?? 0, threads?.reader.waiting ?? 0) }

    // Passwords, tokens and the list of who is active are no entries: only this machine's server and tools know them.

    /// The stored hash of an account's password, and of which setting it is; nil where the account is gone or has none. Reads on the caller's thread.
    func password(of account: AccountID) throws -> (hash: String, generation: Int)? { try store.password(of: account) }

    /// Replaces the hash of the same password, where it is still that one.
    func replaceHash(_ old: String, of account: AccountID, by hash: String) {
        threads?.writer.run({ db in try Store.replaceHash(old, of: account, by: hash, db) }, done: { _ in })
    }

    /// See ``StoreReader/verify(_:_:done:)``.
    func verify(_ account: AccountID, _ token: ResumeToken, done: @escaping @Sendable (Result<Int?, any Error>) -> Void) {
        threads?.reader.verify(account, token, done: done)
    }

    /// Lets other processes know who is active.
    func publish(active accounts: [AccountID]) { threads?.reader.publish(active: accounts) }

    /// Who is active could not be written the last time.
    var isToPublishAgain: Bool { threads?.reader.isToPublishAgain ?? false }
}
