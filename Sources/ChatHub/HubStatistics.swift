/// What the hub has done since it was made, for metrics. Every number only grows.
public struct HubStatistics: Hashable, Sendable {
    /// Connections that came, refused ones included.
    public internal(set) var connections = 0
    public internal(set) var logIns = 0
    /// Passwords and tokens that were judged wrong, and names without account.
    public internal(set) var failedLogIns = 0
    /// Times that a name became blocked.
    public internal(set) var lockOuts = 0
    /// Sessions that were ended because they read too slowly.
    public internal(set) var sendQueueOverflows = 0
    /// Messages that were kept and acknowledged.
    public internal(set) var messages = 0
    /// Messages that were given to sessions other than the sender's, live or by replay; a message to three is three.
    public internal(set) var deliveries = 0

    public init() {}
}
