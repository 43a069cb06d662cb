import ChatProtocol

/// Keeps what happens, and gives it its place in one order.
///
/// An engine takes proposals, decides each in its turn, keeps it, and reports what it became. It reports every entry once, in the order of their positions,
/// whoever proposed it: another hub's and another process's among its own. Between two of its own proposals anything may have happened; nothing may
/// assume that only its own changes exist. `EngineConformance` holds every engine to this.
///
/// Implementations: ``MemoryEngine``, for tests; `SQLiteEngine`, which is on the disk before it reports.
public protocol Engine: AnyObject {
    /// Begins. Reports come one after the other, on any thread, for what happens after the position of what is returned.
    /// - Throws: where what is kept cannot be read.
    func start(_ report: @escaping @Sendable ([Report]) -> Void) throws -> StoreState
    /// Each is answered by one ``Report/decided(_:_:)``, in their order.
    func append(_ proposals: [Proposal])
    /// Answered by ``Report/caughtUp(_:)``, behind every entry that was kept before this was called, by whichever process.
    func catchUp(_ request: RequestID)
    /// Answered by ``Report/found(_:_:)``.
    func read(_ request: RequestID, _ query: StoreQuery)
    /// Decides and keeps what has been proposed, and ends; returns when it has.
    func stop()
}

public struct Proposal: Sendable {
    public let request: RequestID
    public let change: Change

    public init(_ request: RequestID, _ change: Change) {
        self.request = request
        self.change = change
    }
}

/// What an engine tells.
public enum Report: Sendable {
    /// - request: nil for an entry that somebody else appended.
    case decided(RequestID?, Outcome)
    case caughtUp(RequestID)
    case found(RequestID, StoreAnswer)
}

/// A question about what has been said.
public enum StoreQuery: Hashable, Sendable {
    /// Messages of that range to that account: direct ones, and those of its groups since it joined them, in order, at most `limit`; of its own those after
    /// `ownAfter`.
    case missed(AccountID, MessageRange, ownAfter: MessageID, limit: Int)
    case history(AccountID, HistoryQuery)
}

public enum StoreAnswer: Sendable {
    /// In the order of their ids.
    case messages([ChatMessage])
    case conversations([HistoryTarget])
    /// A search took too long.
    case searchTooBroad
    /// Too many searches wait.
    case searchBusy
    /// What is kept could not be read.
    case failed
}
