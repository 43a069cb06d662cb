import ChatHub
import ChatProtocol
import Foundation
import GRDB

/// The one thread that writes to the store. All that waits goes into one transaction (group commit), so a commit's price is shared by all who came
/// while the last one was written.
///
/// Where that transaction fails each write is judged alone. A store that fails (full, read-only) refuses and is tried again with the next write:
/// nothing has to be restarted.
final class StoreWriter: Sendable {
    /// What the writer tells; called on its thread.
    struct Listener: Sendable {
        /// For each write, in order: whether it is on the disk.
        let stored: @Sendable ([(Ticket, succeeded: Bool)]) -> Void
        /// Another process has committed: these are all accounts now.
        let accountsChanged: @Sendable ([Account]) -> Void
        /// A commit has been tried: how many writes it held and how long it took, seconds.
        var committed: @Sendable (_ writes: Int, _ seconds: Double, _ failed: Int) -> Void = { _, _, _ in }
        /// The store fails, in words; once until it works again, which is told with nil.
        let failing: @Sendable (String?) -> Void
    }

    private struct Request: Sendable {
        let ticket: Ticket
        let write: StoreWrite
    }

    private let store: Store
    private let listener: Listener
    private let mailbox = Mailbox<Request>()
    private let ended = DispatchSemaphore(value: 0)
    private static let watchInterval = 0.2

    init(_ store: Store, _ listener: Listener) {
        self.store = store
        self.listener = listener
    }

    func start() {
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.name = "chatty-store"
        thread.start()
    }

    /// Commits what waits, then ends; returns when it has.
    func stop() {
        mailbox.close()
        ended.wait()
    }

    var waiting: Int { mailbox.count }

    func store(_ writes: [(Ticket, StoreWrite)]) { mailbox.put(writes.map { Request(ticket: $0.0, write: $0.1) }) }

    private func run() {
        var applier = StoreApplier()
        var version = dataVersion()
        var nextWatch = Date(timeIntervalSinceNow: StoreWriter.watchInterval)
        var isFailing = false
        var spare: [Request] = []
        while let requests = mailbox.take(reusing: spare, until: nextWatch) {
            if !requests.isEmpty {
                let begun = DispatchTime.now().uptimeNanoseconds
                let (results, problem) = commit(requests, &applier)
                if (problem != nil) != isFailing {
                    isFailing = problem != nil
                    listener.failing(problem)
                }
                listener.stored(results)
                let failed = results.count { !$0.succeeded }
                listener.committed(results.count, Double(DispatchTime.now().uptimeNanoseconds - begun) / 1e9, failed)
            }
            spare = requests
            guard Date() >= nextWatch else { continue }
            nextWatch = Date(timeIntervalSinceNow: StoreWriter.watchInterval)
            watch(&version)
        }
    }

    private func commit(
        _ requests: [Request], _ applier: inout StoreApplier
    ) -> (results: [(Ticket, succeeded: Bool)], problem: String?) {
        guard transact(requests[...], &applier) != nil else { return (requests.map { ($0.ticket, true) }, nil) }
        var problem: String?
        let results = requests.indices.map { index in
            let error = transact(requests[index...index], &applier)
            // One write that breaks a constraint says nothing of the store.
            if let error, error.resultCode != .SQLITE_CONSTRAINT { problem = error.message ?? "SQLite error \(error.resultCode.rawValue)" }
            return (requests[index].ticket, succeeded: error == nil)
        }
        return (results, problem)
    }

    /// - Returns: why nothing was written; nil when all is on the disk.
    private func transact(_ requests: ArraySlice<Request>, _ applier: inout StoreApplier) -> DatabaseError? {
        do {
            try store.pool.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    var last: MessageID?
                    for request in requests {
                        try applier.apply(request.write, db)
                        if case .message(let message) = request.write { last = max(last ?? message.id, message.id) }
                    }
                    if let last {
                        try db.cachedStatement(sql: "UPDATE counters SET value = max(value, ?) WHERE name = 'last_message'")
                            .execute(arguments: [last.rawValue])
                    }
                    return .commit
                }
            }
            return nil
        } catch {
            applier.forget()
            return error as? DatabaseError ?? DatabaseError(resultCode: .SQLITE_ERROR, message: "\(error)")
        }
    }

    /// `PRAGMA data_version` changes when another connection has committed (https://www.sqlite.org/pragma.html#pragma_data_version).
    private func dataVersion() -> Int64? {
        try? store.pool.writeWithoutTransaction { db in try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) }
    }

    private func watch(_ version: inout Int64?) {
        let current = dataVersion()
        guard let current, current != version else { return }
        // On an error the version stays as it was, and the next look finds the change again.
        guard let accounts = try? store.pool.writeWithoutTransaction(Store.accounts) else { return }
        version = current
        listener.accountsChanged(accounts)
    }
}
