import ChatProtocol

/// Stores changes and puts them into one order.
///
/// An engine takes proposals, decides each in its turn, stores it, and reports the outcome. It reports every entry once, in the order of
/// positions, including entries of other hubs and processes. Any of those may come between two of its own proposals, so no caller may
/// assume that only its own changes exist. `EngineConformance` tests these rules on every engine.
///
/// Implementations: ``MemoryEngine``, for tests; `SQLiteEngine`, which reports an entry once it is on the disk.
public protocol Engine: AnyObject {
    /// Starts the engine and returns the stored state. Later entries are reported one after the other, on any thread.
    /// - Throws: if the stored state cannot be read.
    func start(_ report: @escaping @Sendable ([Report]) -> Void) throws -> StoreState
    /// Appends proposals in their order. Each is answered by one ``Report/decided(_:_:)``.
    func append(_ proposals: [Proposal])
    /// Asks for all entries so far. Answered by ``Report/caughtUp(_:)``, after the report of every entry that any process had stored before
    /// the call.
    func catchUp(_ request: RequestID)
    /// Reads stored messages. Answered by ``Report/found(_:_:)``.
    func read(_ request: RequestID, _ query: StoreQuery)
    /// Decides and stores the pending proposals, ends the engine, and then returns.
    func stop()

    // Credentials are no entries: no hub's state depends on a hash or a token.

    /// The stored password of an account; nil if the account is removed or has no password. Reads on the caller's thread.
    /// - Throws: if the store cannot be read.
    func password(of account: AccountID) throws -> PasswordRecord?
    /// Replaces the hash of an unchanged password. Does nothing if `old` is not the stored one.
    func replaceHash(_ old: String, of account: AccountID, by hash: String)
    /// Looks for a token, which ``HubRecord/token(_:)`` stored, among an account's own.
    /// - Parameters:
    ///   - hash: the SHA-256 of the token.
    ///   - done: called on any thread with the ``Account/passwordGeneration`` for which the token is valid; with nil if it is not a valid
    ///     token of the account; with an error if the store cannot be read.
    func findToken(_ hash: [UInt8], of account: AccountID, done: @escaping @Sendable (Result<Int?, any Error>) -> Void)

    /// Publishes which accounts have sessions, for programs that show it.
    func publish(active accounts: [AccountID])
    /// Whether the last list of active accounts could not be published.
    var isToPublishAgain: Bool { get }
}

/// A change that a hub asks for, with the request that its outcome belongs to.
public struct Proposal: Sendable {
    public let request: RequestID
    public let change: Change

    public init(_ request: RequestID, _ change: Change) {
        self.request = request
        self.change = change
    }
}

/// An engine's report to its hub.
public enum Report: Sendable {
    /// - request: nil for an entry of somebody else.
    case decided(RequestID?, Outcome)
    case caughtUp(RequestID)
    case found(RequestID, StoreAnswer)
}

/// A query for stored messages.
public enum StoreQuery: Hashable, Sendable {
    /// The messages of a range to an account, in order, at most `limit`: direct ones, and those of its groups since it joined each. The
    /// account's own messages are included after `ownAfter` only.
    case missed(AccountID, MessageRange, ownAfter: MessageID, limit: Int)
    case history(AccountID, HistoryQuery)
}

/// The answer to a ``StoreQuery``.
public enum StoreAnswer: Sendable {
    /// Messages in the order of their ids.
    case messages([ChatMessage])
    case conversations([HistoryTarget])
    /// The search exceeded its time limit.
    case searchTooBroad
    /// Too many searches are waiting.
    case searchBusy
    /// The store could not be read.
    case failed
}
