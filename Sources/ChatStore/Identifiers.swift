import ChatProtocol

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
