import ChatProtocol

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

/// A record of a hub's state, for itself after a restart and for other hubs.
public enum HubRecord: Hashable, Sendable {
    /// The count of wrong passwords of a name.
    indirect case lockOut(StoreState.LockOut)
    /// The counts of these names have ended.
    case lockOutsEnded([String])
    /// The delivery cursors of accounts.
    case cursors([AccountID: DeliveryCursor])
    indirect case loggedIn(AccountID, at: Timestamp)
    indirect case token(TokenGrant)
}
