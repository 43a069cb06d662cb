import ChatProtocol

/// An account that is not removed. The hash of its password stays in the store.
public struct Account: Hashable, Sendable {
    public let id: AccountID
    public let name: Name
    /// Whether the administrator has blocked the account, so that it cannot log in.
    public let isBlocked: Bool
    /// How often the password has been replaced. Sessions of an earlier password are closed.
    public let passwordGeneration: Int

    public init(id: AccountID, name: Name, isBlocked: Bool = false, passwordGeneration: Int = 0) {
        self.id = id
        self.name = name
        self.isBlocked = isBlocked
        self.passwordGeneration = passwordGeneration
    }
}

/// A group chat with its members.
public struct Group: Hashable, Sendable {
    public let id: GroupID
    public let name: Name
    public let founder: AccountID
    /// Whether every account may join; otherwise only the invited may.
    public let isOpen: Bool
    public let created: Timestamp
    public var members: Set<AccountID>
    /// The invited accounts that have not joined, each with its inviter.
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
