/// Counters of the hub since its start, for metrics. None of them ever decreases.
public struct HubStatistics: Hashable, Sendable {
    /// Accepted connections, including those that the hub then refused.
    public internal(set) var connections = 0
    public internal(set) var logIns = 0
    /// Log-ins that failed by a wrong password or token, or by a name without account.
    public internal(set) var failedLogIns = 0
    /// Times that a name became blocked.
    public internal(set) var lockOuts = 0
    /// Sessions that were closed because their clients read too slowly.
    public internal(set) var sendQueueOverflows = 0
    /// Messages that were stored.
    public internal(set) var messages = 0
    /// Deliveries to sessions other than the sender's, live or by replay. A message to three sessions counts three.
    public internal(set) var deliveries = 0

    public init() {}
}
