import ChatProtocol

/// A stretch of a conversation.
public struct HistoryRange: Hashable, Sendable {
    /// Only messages later than this one.
    public let after: MessageID?
    /// Only messages earlier than this one.
    public let before: MessageID?
    /// Only messages whose own times are later, or earlier, than these: bounds that were given as times. The ids above stand for the same as long as the clock was
    /// never set back; where it was, ids run ahead of it until it has caught up with them.
    public let laterThan: Timestamp?
    public let earlierThan: Timestamp?
    /// As many before these as after them, and these as well; the bounds above are nil then.
    public let around: ClosedRange<MessageID>?
    /// Where there are more than `limit`: the latest of them, or the earliest.
    public let takesLatest: Bool
    /// 1 to ``maximum``.
    public let limit: Int

    /// Messages in one answer, at most.
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

/// What the store is asked for.
public enum HistoryQuery: Hashable, Sendable {
    /// Direct messages between the asking account and that one.
    case user(AccountID, HistoryRange)
    /// Messages of a group since the asking account joined it.
    case group(GroupID, HistoryRange)
    /// The latest messages, of all conversations the account can see, that hold all those words; in the order of their ids.
    case search(String, limit: Int)
    /// The conversations whose last messages lie in that stretch, in the order of these.
    case targets(HistoryRange)
}

/// A conversation that an account has, and when something was last said in it.
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
