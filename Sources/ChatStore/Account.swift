import ChatProtocol

/// An account that can be logged in to. Its password's hash stays in the store.
public struct Account: Hashable, Sendable {
    public let id: AccountID
    public let name: Name
    /// Blocked by the administrator: cannot log in.
    public let isBlocked: Bool
    /// How often its password has been set anew: sessions that came in by an earlier one are closed.
    public let passwordGeneration: Int

    public init(id: AccountID, name: Name, isBlocked: Bool = false, passwordGeneration: Int = 0) {
        self.id = id
        self.name = name
        self.isBlocked = isBlocked
        self.passwordGeneration = passwordGeneration
    }
}

/// A group chat with its members, as kept.
public struct Group: Hashable, Sendable {
    public let id: GroupID
    public let name: Name
    public let founder: AccountID
    /// Open to every account; otherwise to the invited.
    public let isOpen: Bool
    public let created: Timestamp
    public var members: Set<AccountID>
    /// Invited and not joined yet, each with who invited it.
    public var invited: [AccountID: AccountID]

    public init(
        id: GroupID, name: Name, founder: AccountID, isOpen: Bool, created: Timestamp, members: Set<AccountID>,
        invited: [AccountID: AccountID] = [:]
    ) {
        self.id = id
        self.name = name
        self.founder = founder
        self.isOpen = isOpen
        self.created = created
        self.members = members
        self.invited = invited
    }
}
