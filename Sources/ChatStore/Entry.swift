import ChatProtocol

/// Something that has happened, at its place in the one order. The same entries in the same order make the same ``Directory``, wherever they are applied.
public struct Entry: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// Its id is the entry's position.
        case message(ChatMessage)
        indirect case groupCreated(Group)
        /// The member sees what is said after the entry's position.
        indirect case memberJoined(GroupID, AccountID)
        /// A group is gone with its last member.
        indirect case memberLeft(GroupID, AccountID)
        indirect case invited(AccountID, to: GroupID, by: AccountID)
        indirect case readMarked(AccountID, ReadTarget, Timestamp)
        /// An account was added, blocked, unblocked or given another password; this is what it is from now on.
        indirect case accountSet(Account)
        /// With it goes all that it had a part in: its memberships, invitations and read markers.
        case accountRemoved(AccountID)
        case recorded(HubRecord)
    }

    /// Larger than that of every entry before it; in the form of a message's id.
    public let position: MessageID
    /// The one time that is shown and stored for it.
    public let time: Timestamp
    public let content: Content

    public init(position: MessageID, time: Timestamp, _ content: Content) {
        self.position = position
        self.time = time
        self.content = content
    }
}
