import TransferProtocol

/// The state of one session on the loop's thread.
final class SessionState {
    let connection: TransferConnection
    let session: TransferSession
    /// The sources of files that are offered and not yet done.
    var sources: [FileID: any TransferSource] = [:]
    var lastOffered: FileID = 0
    /// Sources that are offered later, when fewer files are open.
    var unoffered: ArraySlice<any TransferSource> = []
    var destinations = Destinations()
    /// Writes that wait for room on the disk or in the pipe, in order.
    var waitingWrites: [WriteRequest] = []
    /// The records of placed files that the sender may not know of.
    var records: [FinishedRecord] = []
    /// Complete files, with their sizes, that cannot be placed yet for lack of room.
    var waitingPlaces: [FileID: UInt64] = [:]
    /// When waiting reads, writes and files are tried again.
    var retryAt = TransferInstant.distantFuture
    var retryDelay = TransferDuration.zero
    /// Since when the disk has had no room.
    var fullSince: TransferInstant?
    /// Since when the receiver has reported a full disk.
    var peerFullSince: TransferInstant?
    var limits = LimitMeter()
    var judgedAt = TransferInstant.zero
    var timesBefore = ThreadTimes()
    /// The next writes of the worker; used after a write took long.
    var slowWrites: [WriteRequest] = []
    var usesWorker = false
    /// Whether the disk caused the worker's delay.
    var isDiskSlow = false
    /// Whether the worker is writing.
    var isWriting = false
    /// Comparisons of the receiver's held ranges with our file that are in progress.
    var comparisons = 0
    var isPauseAnnounced = false
    /// A descriptor that becomes writable when the reader of the output has read some of it.
    var waitingOutput: Int32?
    /// A read that waits for its stream, and the descriptor that becomes readable then.
    var waitingRead: (request: ReadRequest, descriptor: Int32)?
    /// Callers that wait for a sign of life of the peer, and since when.
    var livenessWaiters: [(since: TransferInstant, waiter: CheckedContinuation<Bool, Never>)] = []
    var publishedAt = TransferInstant.zero

    /// Whether anything waits for the disk or the reader of the output.
    var waitsForOutput: Bool { !waitingWrites.isEmpty || !waitingPlaces.isEmpty }
    /// When the loop is due to retry something.
    var nextRetry: TransferInstant { waitsForOutput || waitingRead != nil ? retryAt : .distantFuture }

    var livenessDeadline: TransferInstant? { livenessWaiters.first.map { $0.since + connection.answerPatience } }

    init(connection: TransferConnection, session: TransferSession) {
        self.connection = connection
        self.session = session
    }
}
