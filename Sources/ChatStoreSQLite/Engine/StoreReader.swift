import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import SystemSupport

/// Reads for the hub on a thread of its own, in the order of the queries. Searches run on another thread, so that no log-in or replay waits
/// for one. Accounts take turns, each with one search at a time.
final class StoreReader: Sendable {
    private enum Request: Sendable {
        case query(RequestID, StoreQuery)
        case active([AccountID])
        case token(AccountID, [UInt8], done: @Sendable (Result<Int?, any Error>) -> Void)
    }

    private let store: Store
    private let report: @Sendable ([Report]) -> Void
    private let mailbox = Mailbox<Request>()
    private let hasPublished = NIOLockedValueBox(true)
    private let searches: FairPool<AccountID>
    private let searchTime: DispatchTimeInterval
    private let thread = NIOLockedValueBox<JoinableThread?>(nil)

    /// - Parameter searchTime: the time limit of one search.
    /// - Throws: if the system gives no thread for searches.
    init(_ store: Store, searchTime: DispatchTimeInterval = SearchTime.limit, report: @escaping @Sendable ([Report]) -> Void)
        throws(SystemError)
    {
        self.store = store
        self.searchTime = searchTime
        self.report = report
        searches = try FairPool("search", .searches)
    }

    /// - Throws: if the system gives no thread.
    func start() throws(SystemError) {
        let thread = try JoinableThread("chatty-reader") { [self] in
            while let requests = mailbox.take() {
                for request in requests { carryOut(request) }
            }
        }
        self.thread.withLockedValue { $0 = thread }
    }

    /// Answers the waiting queries except searches, then ends the threads and returns.
    func stop() {
        mailbox.close()
        searches.stop()
        thread.withLockedValue(\.self)?.join()
    }

    var waiting: Int { mailbox.count + searches.depth }

    /// Whether the last list of active accounts could not be written.
    var isToPublishAgain: Bool { hasPublished.withLockedValue { !$0 } }

    /// Publishes the active accounts to other processes.
    func publish(active accounts: [AccountID]) { mailbox.put(.active(accounts)) }

    func read(_ requestID: RequestID, _ query: StoreQuery) {
        guard case .history(let account, .search) = query else { return mailbox.put(.query(requestID, query)) }
        let isQueued = searches.run(key: account) { [self] in report([.found(requestID, answer(to: query))]) }
        if !isQueued { report([.found(requestID, .searchBusy)]) }
    }

    func findToken(_ hash: [UInt8], of account: AccountID, done: @escaping @Sendable (Result<Int?, any Error>) -> Void) {
        mailbox.put(.token(account, hash, done: done))
    }

    private func carryOut(_ request: Request) {
        switch request {
        case .query(let requestID, let query): report([.found(requestID, answer(to: query))])
        case .active(let accounts):
            // Only `chatty users` reads the list. On a full disk it shows the earlier active accounts until there is room.
            let isWritten = (try? ActiveAccounts.write(accounts, store.folder)) != nil
            hasPublished.withLockedValue { $0 = isWritten }
        case .token(let account, let hash, let done):
            done(Result { try store.findToken(hash, of: account, at: EventTime.now.wall) })
        }
    }

    private func answer(to query: StoreQuery) -> StoreAnswer {
        do {
            switch query {
            case .missed(let account, let range, let ownAfter, let limit):
                return .messages(try store.missed(account, after: range.after, upTo: range.upTo, ownAfter: ownAfter, limit: limit))
            case .history(let account, .targets(let range)): return .conversations(try store.conversations(of: account, range))
            case .history(let account, let query): return .messages(try store.history(account, query, searchTime: searchTime))
            }
        } catch DatabaseError.SQLITE_INTERRUPT {
            return .searchTooBroad
        } catch {
            return .failed
        }
    }
}

extension PoolLimits {
    /// One thread, so one search of an account at a time. Every session of an account may have one waiting.
    fileprivate static let searches = PoolLimits(threads: 1, waiting: 4096, waitingPerKey: ChatProtocol.Limits.sessionsPerAccount)
}
