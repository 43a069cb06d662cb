/// Whose messages a read marker is about.
public enum ReadTarget: Hashable, Sendable {
    /// Direct messages with that account.
    case user(AccountID)
    case group(GroupID)
}
