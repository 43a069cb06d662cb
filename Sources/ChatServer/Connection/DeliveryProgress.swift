import ChatProtocol

/// What TCP knows of a connection's output; bytes since the connection began.
struct TCPProgress: Sendable {
    /// Given to the socket, on their way or waiting to be.
    let given: UInt64
    /// Those of which the client's machine has said that it has them.
    let acknowledged: UInt64
}

/// How far the messages of a connection have come: the socket of a dead link goes on taking megabytes that nobody ever gets, so what counts is what the
/// client's machine has acknowledged, and at the end of a connection nothing more.
struct DeliveryProgress {
    /// The last message that was given to the socket whole.
    private(set) var given: MessageID?
    /// The last that the client has.
    private(set) var reached: MessageID?
    /// What had been given at the time, and is waited for.
    private var awaited: (position: UInt64, message: MessageID)?

    /// Nothing is to be learned by looking.
    var isSettled: Bool { given == reached }

    mutating func give(_ message: MessageID) { given = message }

    mutating func observe(_ progress: TCPProgress) {
        if progress.acknowledged >= progress.given {
            reached = given
            awaited = nil
        } else if let mark = awaited, progress.acknowledged >= mark.position {
            reached = mark.message
            awaited = nil
        }
        if awaited == nil, !isSettled, let given { awaited = (progress.given, given) }
    }
}
