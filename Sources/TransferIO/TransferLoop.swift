import TransferProtocol

/// A thread that drives a ``TransferEndpoint`` over one UDP socket: any number of transfers, out and in, at once.
///
/// Everything here may be called from any thread or task. What happens comes as ``TransferUpdate`` of a session.
public final class TransferLoop: Sendable {
    /// Takes over `socket` (bound) and starts the thread.
    /// - Parameter incoming: called on the loop's thread when a sender's handshake is done; must return at once.
    // init(socket: UDPSocket, staticKey: [UInt8], configuration: TransferConfiguration, incoming: @Sendable (TransferSession) -> Void)

    /// Who may send to us from now on.
    public func setInvitations(_ invitations: [Invitation]) {}

    /// Sends files to the first of `addresses` that answers.
    public func send(_ sources: [any TransferSource], to addresses: [NetworkAddress], remoteKey: [UInt8], preSharedKey: [UInt8])
        -> TransferSession
    { TransferSession(isSender: true) }

    /// The static key of whoever listens there, nil if nobody answers within the connect timeout.
    public func key(of address: NetworkAddress) async -> [UInt8]? { nil }

    /// Closes every session (`goingAway`), waits until the peers know or a second has passed, ends the thread, closes the socket.
    public func shutDown() async {}
}

/// One transfer of a loop, out or in.
public final class TransferSession: Sendable {
    public let isSender: Bool
    /// What happens, in order; ends after `ended`.
    public let updates: AsyncStream<TransferUpdate>
    private let continuation: AsyncStream<TransferUpdate>.Continuation

    init(isSender: Bool) {
        self.isSender = isSender
        (updates, continuation) = AsyncStream.makeStream()
    }

    /// The latest figures; cheap, may be asked at any time.
    public var statistics: TransferStatistics { TransferStatistics() }
    /// Answers an offered file: written to `destination`.
    public func accept(_ file: FileID, into destination: any TransferDestination) {}
    public func decline(_ file: FileID, _ reason: DeclineReason) {}
    /// Ends the transfer and tells the peer.
    public func close(_ reason: CloseReason, _ text: String) {}
}

/// What a session tells its owner.
public enum TransferUpdate: Sendable {
    case established(peerKey: [UInt8], verification: [UInt8], peer: NetworkAddress)
    /// Receiving: call `accept` or `decline`.
    case offered(FileID, FileOffer)
    /// Sending: the receiver's answer.
    case answered(FileID, FileAnswer)
    /// A file is done: received, synced and in place; or, for the sender, known to be so.
    case done(FileID)
    case failed(FileID, FileFailure, text: String)
    /// The disk of the receiver is full, or not any more.
    case paused(Bool)
    case ended(TransferOutcome)
}
