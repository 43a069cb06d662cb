import ChatHub
import ChatProtocol
import Foundation
import GRDB
import NIOConcurrencyHelpers

/// Reads for the hub on a thread of its own, in the order asked; searches on another, so that nobody's log-in or replay waits for one. Accounts take turns
/// at searching, each with one search at a time.
final class StoreReader: Sendable {
    private enum Request: Sendable {
        case account(RequestID, Name)
        case missed(RequestID, AccountID, MessageRange, ownAfter: MessageID, limit: Int)
        case active([AccountID])
        case history(RequestID, AccountID, HistoryQuery)
        case token(RequestID, AccountID, ResumeToken)
    }

    private let store: Store
    private let answer: @Sendable (Event) -> Void
    private let mailbox = Mailbox<Request>()
    private let hasPublished = NIOLockedValueBox(true)
    private let searches: FairPool<AccountID>
    private let searchTime: DispatchTimeInterval
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter searchTime: what one search may take.
    init(_ store: Store, searchTime: DispatchTimeInterval = SearchTime.limit, answer: @escaping @Sendable (Event) -> Void) {
        self.store = store
        self.searchTime = searchTime
        self.answer = answer
        searches = FairPool("search", .searches)
    }

    func start() {
        NamedThread.start("chatty-reader") { [self] in
            while let requests = mailbox.take() {
                for request in requests { if let event = event(for: request) { answer(event) } }
            }
            ended.signal()
        }
    }

    /// Answers what waits, but for searches, then ends; returns when it has.
    func stop() {
        mailbox.close()
        searches.stop()
        ended.wait()
    }

    var waiting: Int { mailbox.count + searches.depth }

    func findAccount(_ requestID: RequestID, _ name: Name) { mailbox.put(.account(requestID, name)) }

    func loadMissed(_ requestID: RequestID, _ account: AccountID, _ stretch: MessageRange, ownAfter: MessageID, limit: Int) {
        mailbox.put(.missed(requestID, account, stretch, ownAfter: ownAfter, limit: limit))
    }

    /// Who is active could not be written the last time.
    var isToPublishAgain: Bool { hasPublished.withLockedValue { !$0 } }

    /// Lets other processes know who is active.
    func publish(active accounts: [AccountID]) { mailbox.put(.active(accounts)) }

    func loadHistory(_ requestID: RequestID, _ account: AccountID, _ query: HistoryQuery) {
        let request = Request.history(requestID, account, query)
        guard case .search = query else { return mailbox.put(request) }
        let isQueued = searches.run(key: account) { [self] in
            if let event = event(for: request) { answer(event) }
        }
        if !isQueued { answer(.searchBusy(requestID)) }
    }

    /// Answers a try to log in with a token.
    func verify(_ requestID: RequestID, _ account: AccountID, _ token: ResumeToken) { mailbox.put(.token(requestID, account, token)) }

    private func event(for request: Request) -> Event? {
        switch request {
        case .account(let requestID, let name):
            // A store that cannot be read has, for who asks now, no such account.
            return .accountFound(requestID, try? store.findAccount(name))
        case .missed(let requestID, let account, let stretch, let ownAfter, let limit):
            return .missed(
                requestID, try? store.missed(account, after: stretch.after, upTo: stretch.upTo, ownAfter: ownAfter, limit: limit))
        case .active(let accounts):
            // Of use to a list only; on a full disk the list shows who was active before, until there is room.
            let isWritten = (try? ActiveAccounts.write(accounts, store.folder)) != nil
            hasPublished.withLockedValue { $0 = isWritten }
            return nil
        case .history(let requestID, let account, .targets(let range)):
            return .historyTargets(requestID, try? store.conversations(of: account, range))
        case .history(let requestID, let account, let query):
            do {
                return .missed(requestID, try store.history(account, query, searchTime: searchTime))
            } catch DatabaseError.SQLITE_INTERRUPT {
                return .searchTooBroad(requestID)
            } catch {
                return .missed(requestID, nil)
            }
        case .token(let requestID, let account, let token):
            do {
                return .verified(
                    requestID, try store.accepts(token, of: account, at: EventTime.now.wall).map { .right(passwords: $0) } ?? .expiredToken)
            } catch {
                return .verified(requestID, .failed)
            }
        }
    }
}

extension PoolLimits {
    /// One thread, so one search of an account at a time; all sessions of an account may wait.
    fileprivate static let searches = PoolLimits(threads: 1, waiting: 4096, waitingPerKey: ChatProtocol.Limits.sessionsPerAccount)
}
