import NIOConcurrencyHelpers
import TransferProtocol

/// One transfer of a loop, out or in.
public final class TransferSession: Sendable {
    public let isSender: Bool
    /// What the sender came with, where this side receives.
    public let invitation: Invitation?
    /// What happens, in order; ends after `ended`.
    public let updates: AsyncStream<TransferUpdate>
    private let queue = UpdateQueue()
    private let mailbox: LoopMailbox
    private let figures = NIOLockedValueBox(TransferStatistics())

    init(isSender: Bool, mailbox: LoopMailbox, invitation: Invitation? = nil) {
        self.isSender = isSender
        self.invitation = invitation
        self.mailbox = mailbox
        updates = queue.stream()
    }

    /// The latest figures; cheap, may be asked at any time.
    public var statistics: TransferStatistics { figures.withLockedValue { $0 } }

    /// Returns when the session is over, though its last updates may not be taken yet.
    public func waitForEnd() async { await queue.waitForEnd() }

    /// Answers an offered file: written to `destination`.
    /// - Parameter inOrder: for a pipe: hand the bytes over in the order of the file.
    public func accept(_ file: FileID, into destination: any TransferDestination, inOrder: Bool = false) {
        if !mailbox.post({ $0.accept(file, into: destination, inOrder: inOrder, self) }) { destination.abandon() }
    }

    public func decline(_ file: FileID, _ reason: DeclineReason) { mailbox.post { $0.decline(file, reason, self) } }

    /// Whether the peer, which may be silent for want of anything to say, answers when it is asked; the path's round trips tell how long it
    /// is waited for, and it is a second at least.
    public func isAlive() async -> Bool {
        await withCheckedContinuation { waiter in
            if !mailbox.post({ $0.askForLife(self, waiter) }) { waiter.resume(returning: false) }
        }
    }

    /// Ends the transfer and tells the peer.
    public func close(_ reason: CloseReason, _ text: String) { mailbox.post { $0.close(self, reason, text) } }

    /// Adds ``TransferUpdate/reminded`` to the updates, for an owner who has put something off.
    public func remind() { queue.add(.reminded) }

    func post(_ update: TransferUpdate) { queue.add(update) }
    func set(_ statistics: TransferStatistics) { figures.withLockedValue { $0 = statistics } }

    func end(_ outcome: TransferOutcome) { post(.ended(outcome)) }
}

/// What a session tells its owner.
public enum TransferUpdate: Sendable {
    case established(peerKey: [UInt8], verification: [UInt8], peer: NetworkAddress)
    /// Receiving: call `accept` or `decline`.
    case offered(FileID, FileOffer)
    /// Receiving: no further file will be offered.
    case offersEnded
    /// Sending: the receiver's answer.
    case answered(FileID, FileAnswer)
    /// These ranges of the file were there already and are not sent.
    case resumed(FileID, kept: [Range<UInt64>])
    /// A file is done: received, synced and in place; or, for the sender, known to be so.
    case done(FileID)
    /// Sending, before that: what the receiver calls the file, where that is not as it was offered.
    case named(FileID, path: String)
    case failed(FileID, FileFailure, text: String)
    /// The disk of the receiver is full, or not any more.
    case paused(Bool)
    /// By ``TransferSession/remind()``.
    case reminded
    case ended(TransferOutcome)
}
