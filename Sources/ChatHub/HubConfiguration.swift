import ChatProtocol

/// The rules in force, from the command line of `chatty serve`.
public struct HubConfiguration: Hashable, Sendable {
    /// Wrong passwords in a row after which a name is blocked.
    public var maximumAttempts = 3
    /// How long a name stays blocked, seconds.
    public var blockSeconds = 10
    /// Whether a name without an account is asked for a password, and refused after the same time.
    public var concealsUserNames = false
    /// Whether direct messages to accounts without a session are stored.
    public var keepsOfflineMessages = true
    /// Seconds within which a connection must log in.
    public var loginTimeout = 60
    /// Commands per second and session, on average over ten seconds; nil for no limit.
    public var messageRate: Double? = nil
    /// Command bytes per second and session, on average over ten seconds; nil for no limit.
    public var byteRate: Double? = nil
    /// Connections from one address other than loopback; nil for no limit.
    public var maximumConnectionsPerAddress: Int? = nil
    /// Whether the server relays files for which no direct path is found.
    public var relaysFiles = false
    /// The lines of the message of the day, shown after a log-in; empty for none.
    public var messageOfTheDay: [String] = []

    public init() {}
}
