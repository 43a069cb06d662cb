import ChatProtocol

/// One connection, from its first byte to its last. Given by the driver, never used twice.
public struct SessionID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: SessionID, right: SessionID) -> Bool { left.rawValue < right.rawValue }
}

/// A row of the store's accounts; stays the same when an account is renamed.
public struct AccountID: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: AccountID, right: AccountID) -> Bool { left.rawValue < right.rawValue }
}

/// A row of the store's groups.
public struct GroupID: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: GroupID, right: GroupID) -> Bool { left.rawValue < right.rawValue }
}

/// Ties the result of an action to the action. Given by the hub, never used twice.
public struct RequestID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: RequestID, right: RequestID) -> Bool { left.rawValue < right.rawValue }
}

/// When an event came: on the clock on the wall, which is shown and stored and can be set, and on one that only goes forward, by which every wait is measured.
public struct EventTime: Hashable, Sendable {
    public let wall: Timestamp
    /// Milliseconds since any fixed moment.
    public let uptime: Int64

    public init(wall: Timestamp, uptime: Int64) {
        self.wall = wall
        self.uptime = uptime
    }
}

/// An account as the hub knows it. Its password's hash stays in the store.
public struct Account: Hashable, Sendable {
    public let id: AccountID
    public let name: Name
    /// Blocked by the administrator: cannot log in.
    public let isBlocked: Bool
    /// How often its password has been set anew: sessions that came in by an earlier one are closed.
    public let passwords: Int

    public init(id: AccountID, name: Name, isBlocked: Bool = false, passwords: Int = 0) {
        self.id = id
        self.name = name
        self.isBlocked = isBlocked
        self.passwords = passwords
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
    /// Invited and not joined yet.
    public var invited: Set<AccountID>

    public init(
        id: GroupID, name: Name, founder: AccountID, isOpen: Bool, created: Timestamp, members: Set<AccountID>, invited: Set<AccountID> = []
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

/// A message as it is kept and shown. An object: it goes through many hands on its way, and is never changed.
public final class ChatMessage: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case user(AccountID, Name)
        case group(GroupID, Name)
    }

    public let id: MessageID
    /// When the command arrived; the one timestamp shown everywhere.
    public let time: Timestamp
    public let sender: AccountID
    public let senderName: Name
    public let target: Target
    public let text: String
    /// An IRC NOTICE: never answered by programs.
    public let isNotice: Bool
    /// What the sender called it, by which a repetition is known; see ``DedupWindow``.
    public let nonce: String?
    /// What the sender's client tells the others of it; only on its way, not kept.
    public let clientTags: [IRCMessage.Tag]

    public init(
        id: MessageID, time: Timestamp, sender: AccountID, senderName: Name, target: Target, text: String, isNotice: Bool = false,
        nonce: String? = nil, clientTags: [IRCMessage.Tag] = []
    ) {
        self.id = id
        self.time = time
        self.sender = sender
        self.senderName = senderName
        self.target = target
        self.text = text
        self.isNotice = isNotice
        self.nonce = nonce
        self.clientTags = clientTags
    }
    public static func == (left: ChatMessage, right: ChatMessage) -> Bool {
        left === right
            || left.id == right.id && left.time == right.time && left.sender == right.sender && left.senderName == right.senderName
                && left.target == right.target && left.text == right.text && left.isNotice == right.isNotice && left.nonce == right.nonce
                && left.clientTags == right.clientTags
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
