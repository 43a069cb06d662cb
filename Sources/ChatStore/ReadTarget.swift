/// The conversation of a read marker.
public enum ReadTarget: Hashable, Sendable {
    /// Direct messages with the account.
    case user(AccountID)
    case group(GroupID)
}
