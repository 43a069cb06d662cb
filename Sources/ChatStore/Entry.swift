import ChatProtocol

// What can be asked to happen, and what it is when it has happened: a new kind is a case of both.
//
// Changes and entries pass through several arrays, so they stay small: all cases but the most frequent are indirect.

/// A change that a hub proposes to an ``Engine``. The engine decides in the order of all changes whether it happens, and as what.
public enum Change: Hashable, Sendable {
    case message(MessageDraft)
    /// Creates a group. Its founder is its first member.
    indirect case createGroup(Name, founder: AccountID, isOpen: Bool, invited: Set<AccountID>)
    indirect case joinGroup(GroupID, AccountID)
    indirect case leaveGroup(GroupID, AccountID)
    indirect case invite(AccountID, to: GroupID, by: AccountID)
    /// Sets how far the account has read a conversation.
    indirect case markRead(AccountID, ReadTarget, Timestamp)
    /// Replaces the password of an account.
    /// - passwordHash: a PHC string.
    indirect case setPassword(AccountID, passwordHash: String)
    /// Stores a record of the hub's own state, to restore after a restart. Never refused.
    case record(HubRecord)
}

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
