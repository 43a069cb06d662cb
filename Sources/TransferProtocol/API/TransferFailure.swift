/// Why a connection ended before every file was in place.
public enum TransferFailure: Error, Hashable, Sendable {
    /// Nobody answered the handshake within the connect timeout.
    case unreachable
    /// The receiver answered, and rejects our key, secret or invitation.
    case refused
    /// The peer speaks only these other versions of the protocol.
    case unsupportedVersion([UInt8])
    /// The peer was silent for the idle timeout. Received data is kept.
    case timedOut
    /// The peer is alive, but nothing sent to it was acknowledged for the idle timeout: the path loses the data. Received data is kept.
    case stalled
    /// This side cancelled.
    case cancelled
    /// The receiver's disk was full for the length of the idle timeout. Received data is kept.
    case diskFull
    /// The peer closed, with its reason.
    case closedByPeer(CloseReason, String)
    /// The peer violated the protocol in an authenticated packet.
    case protocolViolation(String)
}

/// The reason that a side gives when it closes; the raw value is on the wire.
public enum CloseReason: UInt8, Hashable, Sendable {
    /// Everything that was offered is done.
    case done = 0
    case cancelled = 1
    case protocolViolation = 2
    /// The program is ending (a signal); the transfer can be resumed.
    case goingAway = 3
    /// A file could not be read or written; the text says which.
    case fileError = 4
    /// Only keep-alives get through between the two sides; the transfer can be resumed.
    case stalled = 5
}

/// How a connection ended.
public enum TransferOutcome: Hashable, Sendable {
    /// Every offered file has been answered, and every accepted one is done or reported as failed; both sides agree.
    case complete
    case failed(TransferFailure)
}

/// Why one file did not arrive; the raw value is on the wire.
public enum FileFailure: UInt8, Error, Hashable, Sendable {
    /// The source changed while it was sent (size, inode, mtime or ctime).
    case sourceChanged = 0
    case sourceUnreadable = 1
    /// The receiver could not write, sync or rename it.
    case destinationFailed = 2
    case cancelled = 3
    /// The reader of the receiver's output closed it.
    case outputClosed = 4
}
