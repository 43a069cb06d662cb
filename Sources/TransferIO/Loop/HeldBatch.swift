import TransferProtocol

/// A batch of datagrams that the system has not accepted completely.
struct HeldBatch {
    /// The number of its datagrams that were sent.
    var sent: Int
    /// When to try again; nil if the socket becomes writable then.
    var retryAt: TransferInstant?
}
