import ChatProtocol

/// A range of a conversation's messages, with the most messages to return.
public struct HistoryRange: Hashable, Sendable {
    /// Only messages after this one.
    public let after: MessageID?
    /// Only messages before this one.
    public let before: MessageID?
    /// Only messages whose times are later than this, for a bound given as a time. `after` and `before` alone do not express it: if the
    /// clock is set back, ids run ahead of times until the clock has caught up.
    public let laterThan: Timestamp?
    /// Only messages whose times are earlier than this, for a bound given as a time.
    public let earlierThan: Timestamp?
    /// The messages of this range, with as many before as after them. The bounds above are nil then.
    public let around: ClosedRange<MessageID>?
    /// Whether the latest messages are returned if there are more than `limit`; otherwise the earliest are.
    public let takesLatest: Bool
    /// The most messages to return, 1 to ``maximum``.
    public let limit: Int

    /// The most messages of one answer.
    public static let maximum = Limits.messagesAtOnce

    public init(
        after: MessageID? = nil, before: MessageID? = nil, laterThan: Timestamp? = nil, earlierThan: Timestamp? = nil, takesLatest: Bool,
        limit: Int
    ) {
        self.after = after
        self.before = before
        self.laterThan = laterThan
        self.earlierThan = earlierThan
        self.takesLatest = takesLatest
        around = nil
        self.limit = min(max(1, limit), HistoryRange.maximum)
    }

    public init(around: ClosedRange<MessageID>, limit: Int) {
        (after, before, laterThan, earlierThan, takesLatest) = (nil, nil, nil, nil, true)
        self.around = around
        self.limit = min(max(1, limit), HistoryRange.maximum)
    }
}

/// A query of an account's history.
public enum HistoryQuery: Hashable, Sendable {
    /// Direct messages between the asking account and this one.
    case user(AccountID, HistoryRange)
    /// Messages of a group since the asking account joined it.
    case group(GroupID, HistoryRange)
    /// The latest messages that contain all of the words, in any conversation of the account, in the order of their ids.
    case search(String, limit: Int)
    /// The conversations whose last messages lie in the range, in the order of those messages.
    case targets(HistoryRange)
}

/// A conversation of an account, with its last message.
public struct HistoryTarget: Hashable, Sendable {
    /// A user's name, or `#group`.
    public let name: String
    public let latest: MessageID
    public let time: Timestamp

    public init(name: String, latest: MessageID, time: Timestamp) {
        self.name = name
        self.latest = latest
        self.time = time
    }
}
