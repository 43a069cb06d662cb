import ChatProtocol

/// The rules in force, from the command line of `chatty serve`.
public struct HubConfiguration: Hashable, Sendable {
    /// Wrong passwords in a row that block a name.
    public var maximumAttempts = 3
    /// How long a name is blocked.
    public var blockSeconds = 10
    /// Ask for the password of a name that does not exist, and take the same time.
    public var concealsUserNames = false
    /// Keep direct messages to accounts that are not active.
    public var keepsOfflineMessages = true
    /// Seconds a connection may take to log in.
    public var loginTimeout = 60
    /// Commands a second and session, on average over ten seconds; nil for no limit.
    public var messageRate: Double? = nil
    /// Bytes of these a second and session, on average over ten seconds; nil for no limit.
    public var byteRate: Double? = nil
    /// Connections from one address other than loopback; nil for no limit.
    public var maximumConnectionsPerAddress: Int? = nil
    /// Lines that those who log in are shown.
    public var messageOfTheDay: [String] = []

    public init() {}
}
