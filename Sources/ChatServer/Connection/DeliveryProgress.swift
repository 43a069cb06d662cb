import ChatProtocol

/// A connection's output as TCP sees it, in bytes since the connection began.
struct TCPProgress: Sendable {
    /// Bytes given to the socket, sent or not.
    let given: UInt64
    /// Bytes that the client's machine has acknowledged.
    let acknowledged: UInt64
}

/// Tells which messages of a connection have arrived. The socket of a dead link accepts megabytes that nobody gets, so only bytes count
/// that the client's machine has acknowledged.
struct DeliveryProgress {
    /// The last message whose bytes are all in the socket.
    private(set) var given: MessageID?
    /// The last message that the client has.
    private(set) var reached: MessageID?
    /// A position of the output and the last message before it. The message has arrived once TCP acknowledges the position.
    private var awaited: (position: UInt64, message: MessageID)?

    /// Whether all messages have arrived, so that there is nothing to observe.
    var isSettled: Bool { given == reached }

    mutating func give(_ message: MessageID) { given = message }

    mutating func observe(_ progress: TCPProgress) {
        if progress.acknowledged >= progress.given {
            reached = given
            awaited = nil
        } else if let target = awaited, progress.acknowledged >= target.position {
            reached = target.message
            awaited = nil
        }
        if awaited == nil, !isSettled, let given { awaited = (progress.given, given) }
    }
}
