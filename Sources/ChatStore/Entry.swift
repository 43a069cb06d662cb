import ChatProtocol

/// A change that has happened, at its place in the one order. The same entries in the same order make the same ``Directory``.
public struct Entry: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// A message. Its id is the entry's position.
        case message(ChatMessage)
        indirect case groupCreated(Group)
        /// An account has joined. It sees the messages after the entry's position.
        indirect case memberJoined(GroupID, AccountID)
        /// A member has left. A group ends with its last member.
        indirect case memberLeft(GroupID, AccountID)
        indirect case invited(AccountID, to: GroupID, by: AccountID)
        indirect case readMarked(AccountID, ReadTarget, Timestamp)
        /// An account was added, blocked, unblocked or given a new password. The value is its new state.
        indirect case accountSet(Account)
        /// An account was removed, with its memberships, invitations and read markers.
        case accountRemoved(AccountID)
        case recorded(HubRecord)
    }

    /// The position in the order, larger than that of every earlier entry. It has the form of a message id.
    public let position: MessageID
    /// The time of the entry as shown and stored.
    public let time: Timestamp
    public let content: Content

    public init(position: MessageID, time: Timestamp, _ content: Content) {
        self.position = position
        self.time = time
        self.content = content
    }
}
