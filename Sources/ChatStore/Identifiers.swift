import ChatProtocol

/// An account's number in the store. It stays the same when the account is renamed.
public struct AccountID: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: AccountID, right: AccountID) -> Bool { left.rawValue < right.rawValue }
}

/// A group's number in the store. It is never used again.
public struct GroupID: Hashable, Comparable, Sendable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: GroupID, right: GroupID) -> Bool { left.rawValue < right.rawValue }
}

/// The identity of a request, which ties an answer to it. The hub assigns it and never uses it twice.
public struct RequestID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: RequestID, right: RequestID) -> Bool { left.rawValue < right.rawValue }
}

/// The time of an event on two clocks: the wall clock, which is shown and stored and can be set, and a monotonic clock, which measures
/// every wait.
public struct EventTime: Hashable, Sendable {
    public let wall: Timestamp
    /// Milliseconds on the monotonic clock, since a fixed moment.
    public let uptime: Int64

    public init(wall: Timestamp, uptime: Int64) {
        self.wall = wall
        self.uptime = uptime
    }
}
