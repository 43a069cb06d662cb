import Connectivity
import DequeModule

/// The connection to one peer of an endpoint: a queue of files that flows from the side that connected (the sender) to the other.
///
/// Its methods are the driver's commands; the endpoint reports what happens as ``TransferEvent``. A command that does not fit the state (an
/// answer to a file never offered, a command after the end) is ignored, because a driver may always be late.
public final class TransferConnection {
    public enum Role: Sendable { case sender, receiver }

    enum Phase {
        /// The initiator sends hellos; the responder waits for the first packet that proves the initiator.
        case handshaking
        case established
        /// Over, but kept to repeat the close to a peer that did not receive it.
        case closing
        case closed
    }

    /// Unique among the connections of an endpoint, never reused.
    public let handle: UInt64
    public let role: Role
    /// The peer's present address.
    public var peerAddress: NetworkAddress { path.addresses.remote }
    /// The peer's static X25519 key, 32 bytes; at a receiver proven only with the `established` event.
    public internal(set) var peerKey: [UInt8] = []

    /// The invitation that the sender used; nil at the sender.
    public internal(set) var invitation: Invitation?

    let configuration: TransferConfiguration
    let localID: ConnectionID
    var remoteID = ConnectionID(0)
    var phase = Phase.handshaking
    var random: any RandomNumberGenerator
    var events: Deque<TransferEvent> = []

    // Handshake
    var hello: HelloState?
    var replyDatagram: [UInt8] = []
    /// Paths of hellos that are not answered yet. Anybody can replay a hello: its address gets one reply for each, and no more.
    var replyTo: [NetworkPath] = []
    let startedAt: TransferInstant
    var verification: [UInt8] = []
    var keys: ConnectionKeys?

    // Packets
    var recovery = LossDetection()
    var acks = AckScheduler()
    var paths: PathSet
    /// The path in use.
    var path: Path { paths.current }
    /// The ECN counts of the datagrams received so far.
    var ecnReceived = ECNCounts()
    var rangeScratch: [ClosedRange<UInt64>] = []
    var failedScratch: [UInt64] = []
    var probesPending = 0
    var pingPending = false
    /// A ping is due in a packet so small that it passes where data does not.
    var smallPingPending = false
    /// Since when data or messages of this side have been in flight without any ack.
    var waitingSince: TransferInstant?
    var windowUrgent = false
    /// The window or the pacer stopped sending, not a lack of data.
    var isBlockedByPath = false
    /// When a record's segment arrived last, and the pings since then.
    var lastSegmentAt = TransferInstant.zero
    var quietPings = 0
    /// When the latest authentic packet or record arrived.
    public internal(set) var lastReceivedAt: TransferInstant
    var lastSentAt: TransferInstant
    var peerIdleTimeout: TransferDuration
    /// What the relay passes on, bytes a second.
    var relayRate: Double?

    // Messages
    var streamOut = ControlStreamSender()
    var streamIn = ControlStreamReceiver()

    // Files and records
    var outgoing = OutgoingFiles()
    var incoming = IncomingFiles()
    var ring: RecordRing
    var records: RecordReceiver
    var peerLimit: UInt64 = 0
    /// Whether the peer understands the name in ``placed(_:as:)``.
    var peerAcceptsNames = false
    /// The contents of the folders that the peer has yet to offer.
    var peerContents: ArraySlice<FolderContents> = []
    var filling: Filling?
    var pendingRead: ReadRequest?
    var headStuckSince: TransferInstant?
    var headRecord: UInt64 = 0
    var blockedProbeAt: TransferInstant?
    var pacedUntil: TransferInstant?
    var blockedProbes = 0
    var delivery = RecordDelivery()
    var advertisedLimit: UInt64 = 0
    var finishedAt: TransferInstant?
    /// Since when the sender has no offer open, while none of its files has been accepted.
    var offerlessSince: TransferInstant?
    var sentAckRate: (packets: UInt64, delay: UInt64, atPacket: UInt64)?
    var ackRateDue = false

    // Closing
    var closeReason: (CloseReason, String)?
    var closeDue: TransferInstant?
    var closesLeft = 0
    /// The peer closed because everything is done.
    var hasPeerDone = false
    /// The peer closed; one close in return ends the connection.
    var isAnsweringClose = false
    var lingerUntil = TransferInstant.distantFuture

    var counters = TransferStatistics()
    /// Where this connection's events are recorded; nil for nowhere.
    var trace: ConnectionTrace? { didSet { recovery.trace = trace } }
    var limit = TransferStatistics.Limit.idle

    /// The record that is being filled with file bytes.
    struct Filling {
        var slot: Int32
        /// Plaintext bytes used.
        var count = 0
        var dataCount = 0
    }

    init(
        handle: UInt64, role: Role, localID: ConnectionID, path: NetworkPath, configuration: TransferConfiguration,
        pool: RecordPool, random: any RandomNumberGenerator, at now: TransferInstant
    ) {
        self.handle = handle
        self.role = role
        self.localID = localID
        self.configuration = configuration
        self.random = random
        // The initiator is known by its key and not by an address.
        paths = PathSet(
            path, pinsSource: role == .receiver, choosesPath: role == .sender, configuration, seed: localID.value, at: now)
        startedAt = now
        lastReceivedAt = now
        lastSentAt = now
        peerIdleTimeout = configuration.idleTimeout
        let datagramSize = paths.current.datagramSize
        ring = RecordRing(
            capacity: role == .sender ? configuration.windowRecords : 0, pool: pool, clearLimit: Self.clearLimit(datagramSize),
            sealedLimit: Self.sealedLimit(datagramSize))
        records = RecordReceiver(window: configuration.windowRecords, pool: pool)
    }

    static func clearLimit(_ datagram: Int) -> Int { datagram - SegmentHeader.length }
    static func sealedLimit(_ datagram: Int) -> Int { datagram - SealedPacket.overhead - WireWriter.recordPartOverhead }

    /// A snapshot for progress and diagnosis.
    public var statistics: TransferStatistics {
        var now = counters
        now.packetsSent = recovery.sentPackets
        now.packetsLost = recovery.lostPackets
        now.spuriousLosses = recovery.spuriousLosses
        now.bogusAcks = recovery.bogusAcks
        now.recordsFailed &+= records.failures
        now.smoothedRTT = path.rtt.hasSample ? path.rtt.smoothed : .zero
        now.minimumRTT = path.rtt.minimum
        now.congestionWindow = path.controller.window
        now.bytesInFlight = path.bytesInFlight
        now.pacingRate = path.pacer.rate
        now.deliveryRate = path.deliveryRate
        now.datagramSize = path.datagramSize
        now.isRelayed = path.isRelayed
        now.relayRate = relayRate
        now.limit = stoppedBy
        now.bytesTotal = role == .sender ? outgoing.bytesTotal : incoming.bytesTotal
        now.filesDone = role == .sender ? outgoing.delivered : incoming.placed
        return now
    }

    /// What stopped the sender at the latest call of ``TransferEndpoint/nextDatagrams(into:at:)``.
    public var stoppedBy: TransferStatistics.Limit { counters.peerPaused ? .diskFull : limit }

    func reply(on path: NetworkPath) {
        if replyTo.count < 4, !replyTo.contains(path) { replyTo.append(path) }
    }

    /// Whether the peer is known to have received all messages of this side.
    public var areMessagesDelivered: Bool { hasPeerDone || streamOut.isAcknowledged }

    var isOver: Bool { phase == .closing || phase == .closed }

    func queue(_ message: Message) { streamOut.append(message.encoded) }

    // The sender's commands

    /// Offers a file; allowed at any time before ``endOffers()``, even before the handshake is done.
    @discardableResult public func offer(_ file: FileOffer) -> FileID {
        let id = outgoing.add(file)
        queue(.offer(id, file))
        return id
    }

    /// Declares that no more files will be offered; when all are done, the connection closes by itself.
    public func endOffers() {
        guard !outgoing.offersEnded else { return }
        outgoing.endOffers()
        queue(.endOfOffers)
    }

    /// Starts a file after `answered` with held ranges: `kept` of them (ascending) equal our file and are not sent again.
    public func start(_ file: FileID, keeping kept: [Range<UInt64>]) {
        guard !isOver, outgoing.start(file, keeping: kept) else { return }
        if outgoing[file]?.held.isEmpty == false { queue(.keep(file, kept)) }
        countResumed(kept.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) })
        reportFinishedReads()
    }

    /// Confirms that the buffer of a read request holds `count` bytes. Fewer than requested is allowed for a stream; 0 ends the stream.
    public func filled(_ request: ReadRequest, count: Int) {
        guard let pending = pendingRead, pending.buffer.baseAddress == request.buffer.baseAddress else { return }
        pendingRead = nil
        guard !isOver, outgoing[request.file]?.state == .sending else { return }
        let isStream = outgoing[request.file]?.isStream ?? false
        guard count >= 0, count <= request.buffer.count, isStream || count == request.buffer.count else {
            fail(request.file, .sourceChanged, "the file became shorter while it was being sent")
            return
        }
        if count > 0 {
            addChunk(request, count)
        }
        outgoing.advance(request.file, by: count)
        reportFinishedReads()
    }

    /// Declares that every byte of the file was read and the file is unchanged: the receiver may keep it.
    public func end(_ file: FileID) {
        guard !isOver, let size = outgoing.end(file) else { return }
        queue(.end(file, size: size))
    }

    // The receiver's commands

    /// Whether this offer is not answered yet.
    public func isOffered(_ file: FileID) -> Bool { !isOver && incoming[file]?.state == .offered }

    /// Answers an offer.
    /// - Parameter inOrder: from now on the bytes of all files of this connection are delivered in the order in which the sender read them
    ///   (for a pipe, not a file).
    public func answer(_ file: FileID, _ answer: FileAnswer, inOrder: Bool = false) {
        guard !isOver, incoming.answer(file, answer) else { return }
        if inOrder { delivery.isOrdered = true }
        if case .accept = answer {
            records.begin()
            windowUrgent = true
        }
        queue(.answer(file, answer))
    }

    /// Confirms that the bytes of a write request are written; its buffer belongs to the engine again.
    public func wrote(_ request: WriteRequest) {
        guard !isOver else { return }
        incoming.wrote(request.file, request.bytes.count)
        counters.bytesDone += UInt64(request.bytes.count)
        if let record = delivery.release(request.slot) { records.release(record) }
        // The sender may be waiting for room: announce it when a good part of the window is free again.
        if records.limit - advertisedLimit >= UInt64(max(records.credit / 4, 1)) { windowUrgent = true }
        if incoming.isOverfull(request.file) { return violated("more bytes than the file has") }
        if let size = incoming.popArrived(request.file) { events.append(.arrived(request.file, size: size)) }
    }

    /// Reports to the sender that the destination is full, or has room again. No data is lost, `wrote` is merely late; timeouts keep
    /// running.
    public func setPaused(_ paused: Bool) {
        guard !isOver else { return }
        queue(.paused(paused))
    }

    /// Reports to the sender that the file is synced and in its final place.
    /// - Parameter name: the path of the file if it is not the one offered.
    public func placed(_ file: FileID, as name: String? = nil) {
        guard !isOver, incoming.place(file) else { return }
        if let name, peerAcceptsNames, name.utf8.count <= TransferLimits.nameBytes { queue(.named(file, name)) }
        queue(.done(file))
    }

    // Both

    /// Elicits an ack from the peer. A live one answers within ``answerPatience``, unless the path loses the packet again and again.
    public func ping() { if phase == .established { pingPending = true } }

    /// Gives up one file and reports the reason to the peer; the others continue.
    public func fail(_ file: FileID, _ failure: FileFailure, _ text: String) {
        guard !isOver else { return }
        let known = role == .sender ? outgoing.fail(file) : incoming.fail(file)
        guard known else { return }
        queue(.failed(file, failure, text))
        events.append(.failed(file, failure, text: PeerText.harmless(text)))
        reportFinishedReads()
    }

    /// Closes the connection with a reason (at most ``TransferLimits/reasonBytes`` of text).
    /// - Parameter failure: the outcome of this side's `closed` event.
    public func close(_ reason: CloseReason, _ text: String, as failure: TransferFailure = .cancelled) {
        guard !isOver else { return }
        finish(.failed(failure), closing: (reason, text))
    }

    /// Records that the kernel refused a datagram of `size` bytes for its length.
    func datagramTooLarge(_ size: Int) {
        if size > path.datagramSize {
            path.mtu.refused(size)
        } else {
            fallBackToSmaller()
        }
    }

    // Ends

    /// Ends the connection with an outcome, and closes towards the peer if there are keys for it.
    func finish(_ outcome: TransferOutcome, closing reason: (CloseReason, String)?) {
        guard !isOver else { return }
        trace?.closed(isLocal: true, reason: reason?.0, reason?.1 ?? "")
        events.append(.closed(outcome))
        pendingRead = nil
        if let reason, keys != nil, phase == .established || role == .sender {
            phase = .closing
            closeReason = reason
            closeDue = .zero
            closesLeft = 3
        } else {
            phase = .closed
        }
    }

    /// Returns the connection's memory to the pool. Buffers given to the driver are invalid after the connection's last event.
    func releaseMemory() {
        if let slot = filling?.slot { ring.freeSlot(slot) }
        filling = nil
        ring.end()
        records.end()
    }

    func violated(_ what: String) { finish(.failed(.protocolViolation(what)), closing: (.protocolViolation, what)) }

    func reportFinishedReads() {
        while let file = outgoing.popFinished() { events.append(.sourceRead(file)) }
    }
}
