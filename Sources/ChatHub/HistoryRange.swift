import ChatProtocol

/// A stretch of a conversation.
public struct HistoryRange: Hashable, Sendable {
    /// Only messages later than this one.
    public let after: MessageID?
    /// Only messages earlier than this one.
    public let before: MessageID?
    /// Where there are more than `limit`: the latest of them, or the earliest.
    public let takesLatest: Bool
    /// 1 to ``maximum``.
    public let limit: Int

    /// Messages in one answer, at most: with ``Limits/messageBytes`` each they stay below the bound of an outbound queue.
    public static let maximum = 100

    public init(after: MessageID? = nil, before: MessageID? = nil, takesLatest: Bool, limit: Int) {
        self.after = after
        self.before = before
        self.takesLatest = takesLatest
        self.limit = min(max(1, limit), HistoryRange.maximum)
    }
}

/// What the store is asked for.
public enum HistoryQuery: Hashable, Sendable {
    /// Direct messages between the asking account and that one.
    case user(AccountID, HistoryRange)
    /// Messages of a group since the asking account joined it.
    case group(GroupID, HistoryRange)
    /// The latest messages, of all conversations the account can see, that hold all those words; in the order of their ids.
    case search(String, limit: Int)
}
