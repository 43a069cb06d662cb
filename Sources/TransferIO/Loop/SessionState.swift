import TransferProtocol

/// The state of one session on the loop's thread.
final class SessionState {
    let connection: TransferConnection
    let session: TransferSession
    /// Those offered and not yet done.
    var sources: [FileID: any TransferSource] = [:]
    var lastOffered: FileID = 0
    /// Those that wait until fewer are under way.
    var unoffered: ArraySlice<any TransferSource> = []
    var destinations = Destinations()
    /// Writes that wait for room on the disk or in the pipe, in order.
    var waitingWrites: [WriteRequest] = []
    /// Of files in their places, which the sender may not know of yet.
    var records: [FinishedRecord] = []
    /// Whole files, and their sizes, for whose last changes there was no room, until these are made.
    var waitingPlaces: [FileID: UInt64] = [:]
    /// What waits is tried again then.
    var retryAt = TransferInstant.distantFuture
    var retryDelay = TransferDuration.zero
    /// The disk has had no room since then.
    var fullSince: TransferInstant?
    /// The receiver has said so.
    var peerFullSince: TransferInstant?
    var limits = LimitMeter()
    var judgedAt = TransferInstant.zero
    var timesBefore = ThreadTimes()
    /// A write took long: what follows is done by a worker, these next.
    var slowWrites: [WriteRequest] = []
    var usesWorker = false
    /// It was the disk that it waited for.
    var isDiskSlow = false
    /// The worker writes.
    var isWriting = false
    /// The worker compares what the receiver holds with our own.
    var comparisons = 0
    var toldPaused = false
    /// What becomes writable when the reader of the output has taken some of it.
    var waitingOutput: Int32?
    /// A read that waits for its stream, and what becomes readable then.
    var waitingRead: (request: ReadRequest, descriptor: Int32)?
    /// Who wants to know whether the peer is there, and since when.
    var lifeWaiters: [(since: TransferInstant, waiter: CheckedContinuation<Bool, Never>)] = []
    var publishedAt = TransferInstant.zero

    /// Something waits for the disk or the reader of the output.
    var waitsForOutput: Bool { !waitingWrites.isEmpty || !waitingPlaces.isEmpty }
    /// When the loop has to try something again.
    var nextRetry: TransferInstant { waitsForOutput || waitingRead != nil ? retryAt : .distantFuture }

    var lifeDeadline: TransferInstant? { lifeWaiters.first.map { $0.since + connection.answerPatience } }

    init(connection: TransferConnection, session: TransferSession) {
        self.connection = connection
        self.session = session
    }
}
