/// Why a connection ended other than with every file in its place.
public enum TransferFailure: Error, Hashable, Sendable {
    /// Nobody answered the handshake within the connect timeout.
    case unreachable
    /// The receiver answered and does not know our key, secret or invitation.
    case refused
    /// The peer speaks only these other versions of the protocol.
    case unsupportedVersion([UInt8])
    /// The peer was silent for the idle timeout. What was received is kept.
    case timedOut
    /// The peer was heard of, but for the idle timeout nothing that was sent to it was acknowledged, and nothing explains that: the path
    /// loses it. What was received is kept.
    case stalled
    /// This side cancelled.
    case cancelled
    /// The receiver's disk was full for as long as a silent peer is waited for. What was received is kept.
    case diskFull
    /// The peer closed, with its reason.
    case closedByPeer(CloseReason, String)
    /// The peer broke the protocol in a packet that was really its own.
    case protocolViolation(String)
}

/// The reason a side gives when it closes; the raw value is on the wire.
public enum CloseReason: UInt8, Hashable, Sendable {
    /// Everything offered is done.
    case done = 0
    case cancelled = 1
    case protocolViolation = 2
    /// The program is ending (a signal); the transfer can be resumed later.
    case goingAway = 3
    /// A file could not be read or written; the text says which.
    case fileError = 4
    /// Only signs of life pass between the two sides; the transfer can be resumed later.
    case stalled = 5
}

/// How a connection ended.
public enum TransferOutcome: Hashable, Sendable {
    /// Every offered file has been answered, and every accepted one is done or was reported as failed; both sides agree.
    case complete
    case failed(TransferFailure)
}

/// Why one file of a connection did not arrive; the raw value is on the wire.
public enum FileFailure: UInt8, Error, Hashable, Sendable {
    /// The source changed while it was sent (size, inode, mtime or ctime).
    case sourceChanged = 0
    case sourceUnreadable = 1
    /// The receiver could not write, sync or rename it.
    case destinationFailed = 2
    case cancelled = 3
    /// The reader of the receiver's output went away.
    case outputClosed = 4
}
