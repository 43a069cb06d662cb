import TransferProtocol

/// How far a batch of datagrams came that the system does not take now.
struct HeldBatch {
    /// Datagrams of it that are out.
    var sent: Int
    /// Nil where the socket becomes writable when it is worth trying.
    var retryAt: TransferInstant?
}
