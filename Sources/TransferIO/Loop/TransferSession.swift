import Connectivity
import NIOConcurrencyHelpers
import SystemSupport
import TransferProtocol

/// One transfer of a ``TransferLoop``, outgoing or incoming.
public final class TransferSession: Sendable {
    public let isSender: Bool
    /// The invitation that the sender used; nil on the sending side.
    public let invitation: Invitation?
    /// The updates in their order; the last one is `ended`. For one consumer.
    public let updates: AsyncStream<TransferUpdate>
    private let queue = UpdateQueue()
    private let mailbox: PolledMailbox<LoopCore.Command>
    private let figures = NIOLockedValueBox(TransferStatistics())

    init(isSender: Bool, mailbox: PolledMailbox<LoopCore.Command>, invitation: Invitation? = nil) {
        self.isSender = isSender
        self.invitation = invitation
        self.mailbox = mailbox
        updates = queue.stream()
    }

    /// The latest figures. Cheap, from any thread.
    public var statistics: TransferStatistics { figures.withLockedValue { $0 } }

    /// Returns when the session has ended, even if updates are still queued.
    public func waitForEnd() async { await queue.waitForEnd() }

    /// Accepts an offered file.
    /// - Parameter inOrder: whether the bytes must be written in the order of the file, as for a pipe.
    public func accept(_ file: FileID, into destination: any TransferDestination, inOrder: Bool = false) {
        if mailbox.post({ $0.accept(file, into: destination, inOrder: inOrder, self) }) == .refused { destination.abandon() }
    }

    public func decline(_ file: FileID, _ reason: DeclineReason) { mailbox.post { $0.decline(file, reason, self) } }

    /// Probes the peer, which may be silent because it has nothing to send. Waits for the answer a second at least, longer on a slow path.
    public func isAlive() async -> Bool {
        await withCheckedContinuation { waiter in
            if mailbox.post({ $0.probeLiveness(self, waiter) }) == .refused { waiter.resume(returning: false) }
        }
    }

    /// Ends the transfer and informs the peer.
    public func close(_ reason: CloseReason, _ text: String) { mailbox.post { $0.close(self, reason, text) } }

    /// Adds ``TransferUpdate/reminded`` to the updates, for an owner that has postponed something.
    public func remind() { queue.add(.reminded) }

    func post(_ update: TransferUpdate) { queue.add(update) }
    func set(_ statistics: TransferStatistics) { figures.withLockedValue { $0 = statistics } }

    func end(_ outcome: TransferOutcome) { post(.ended(outcome)) }
}

/// What a session reports to its owner.
public enum TransferUpdate: Sendable {
    case established(peerKey: [UInt8], verification: [UInt8], peer: NetworkAddress)
    /// Receiving: call `accept` or `decline`.
    case offered(FileID, FileOffer)
    /// Receiving: no further file will be offered.
    case offersEnded
    /// Sending: the receiver's answer.
    case answered(FileID, FileAnswer)
    /// The receiver has these ranges of the file already, so they are not sent.
    case resumed(FileID, kept: [Range<UInt64>])
    /// The receiver has stored the file: it is complete, synced and has its name.
    case done(FileID)
    /// Sending, before `done`: the receiver's name of the file, if it differs from the offered one.
    case named(FileID, path: String)
    case failed(FileID, FileFailure, text: String)
    /// The receiver's disk is full (true), or has room again (false).
    case paused(Bool)
    /// Follows ``TransferSession/remind()``.
    case reminded
    case ended(TransferOutcome)
}
