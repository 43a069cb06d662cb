import ChatProtocol

// All but the cases that come by the hundred thousand are indirect: changes and entries stay small, and pass through several arrays.

/// What somebody asks an ``Engine`` to let happen. Whether it does, and as what, is decided when its turn comes in the one order of all changes.
public enum Change: Hashable, Sendable {
    case message(MessageDraft)
    /// Whoever makes a group is its first member.
    indirect case createGroup(Name, founder: AccountID, isOpen: Bool, invited: Set<AccountID>)
    indirect case joinGroup(GroupID, AccountID)
    indirect case leaveGroup(GroupID, AccountID)
    indirect case invite(AccountID, to: GroupID, by: AccountID)
    /// The account has read what was said with that user or in that group, up to that time.
    indirect case markRead(AccountID, ReadTarget, Timestamp)
    /// - passwordHash: a PHC string.
    indirect case setPassword(AccountID, passwordHash: String)
    /// What a hub notes for itself, to have it again after a restart; never refused.
    case record(HubRecord)
}

/// Notes of a hub: what is needed again after a restart, and what other hubs have to know of it.
public enum HubRecord: Hashable, Sendable {
    /// The wrong passwords of a name.
    indirect case lockOut(StoreState.LockOut)
    /// These names have no wrong passwords any more.
    case lockOutsEnded([String])
    /// How far accounts have got with their messages.
    case cursors([AccountID: DeliveryCursor])
    indirect case loggedIn(AccountID, at: Timestamp)
    indirect case token(TokenGrant)
}
