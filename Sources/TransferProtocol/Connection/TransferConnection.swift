import DequeModule

/// One peer of an endpoint: a queue of files that flows from the side that connected (the sender) to the other.
///
/// Its methods are the driver's commands; what happens comes as ``TransferEvent`` from the endpoint. A command that does not
/// fit the state (an answer to a file never offered, a command after the end) is ignored: a driver may always be late.
public final class TransferConnection {
    public enum Role: Sendable { case sender, receiver }

    enum Phase {
        /// The initiator says hello, the responder waits for the first packet that proves the initiator.
        case handshaking
        case established
        /// Over, but still there to repeat the close to a peer that did not hear it.
        case closing
        case closed
    }

    /// Unique among the connections of an endpoint, never used again.
    public let handle: UInt64
    public let role: Role
    /// Where the peer is at present.
    public var peerAddress: NetworkAddress { peerPath.remote }
    /// The peer's static X25519 key, 32 bytes; for a receiver proven only with the `established` event.
    public internal(set) var peerKey: [UInt8] = []

    /// What the sender came with, where this side is the receiver.
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
    /// Where hellos came from that are not answered yet. A stranger can repeat a hello: its address gets a reply, and no more.
    var replyTo: [NetworkPath] = []
    let startedAt: TransferInstant
    var verification: [UInt8] = []
    var keys: ConnectionKeys?

    // Packets
    var recovery = LossDetection()
    var controller: any CongestionController
    var pacer = Pacer()
    var acks = AckScheduler()
    /// The way that datagrams to the peer take. Where this side spoke first its end is the kernel's choice, which follows the routes when
    /// a link goes away.
    var peerPath: NetworkPath
    var path = PathValidator()
    var ecn = ECNValidator()
    /// What the datagrams received so far were marked with.
    var ecnReceived = ECNCounts()
    var datagramSize: Int
    var mtu: PathMTU
    var fallback = PathFallback()
    /// When the present path was taken.
    var pathSince = TransferInstant.zero
    var rangeScratch: [ClosedRange<UInt64>] = []
    var failedScratch: [UInt64] = []
    var probesPending = 0
    var pingPending = false
    /// A ping is wanted in a packet so small that it passes where data does not.
    var smallPingPending = false
    /// Since when data or messages of this side have been under way of which nothing was acknowledged.
    var waitingSince: TransferInstant?
    var windowUrgent = false
    /// Sending stopped because of the window or the pacer, not for want of data.
    var isBlockedByPath = false
    /// When something was received that only the peer can have sent.
    public internal(set) var lastHeardAt: TransferInstant
    var lastSentAt: TransferInstant
    var peerIdleTimeout: TransferDuration

    // Messages
    var streamOut = ControlStreamSender()
    var streamIn = ControlStreamReceiver()

    // Files and records
    var outgoing = OutgoingFiles()
    var incoming = IncomingFiles()
    var ring: RecordRing
    var records: RecordReceiver
    var peerLimit: UInt64 = 0
    /// Whether ``placed(_:as:)`` may say a name.
    var peerTakesNames = false
    /// Of the folders that it has yet to offer.
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
    /// The sender, of which no file was taken yet, has nothing on offer since then.
    var offerlessSince: TransferInstant?
    var sentAckRate: (packets: UInt64, delay: UInt64, atPacket: UInt64)?
    var ackRateDue = false

    // Closing
    var closeReason: (CloseReason, String)?
    var closeDue: TransferInstant?
    var closesLeft = 0
    /// The peer closed because everything is done.
    var hasPeerDone = false
    /// The peer closed; its close is answered once, and then all is over.
    var isAnsweringClose = false
    var lingerUntil = TransferInstant.distantFuture

    var counters = TransferStatistics()
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
        peerPath = path
        startedAt = now
        lastHeardAt = now
        lastSentAt = now
        peerIdleTimeout = configuration.idleTimeout
        datagramSize = max(configuration.initialDatagramSize, PathMTU.base)
        mtu = PathMTU(configuration)
        controller = Self.makeController(configuration, datagramSize: datagramSize, seed: localID.value)
        ring = RecordRing(
            capacity: role == .sender ? configuration.windowRecords : 0, pool: pool, clearLimit: Self.clearLimit(datagramSize),
            sealedLimit: Self.sealedLimit(datagramSize))
        records = RecordReceiver(window: configuration.windowRecords, pool: pool)
    }

    static func makeController(_ configuration: TransferConfiguration, datagramSize: Int, seed: UInt64) -> any CongestionController {
        switch configuration.congestionControl {
        case .cubic: Cubic(datagramSize: datagramSize)
        case .bbr: BBR(datagramSize: datagramSize, seed: seed)
        }
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
        now.smoothedRTT = recovery.rtt.hasSample ? recovery.rtt.smoothed : .zero
        now.minimumRTT = recovery.rtt.minimum
        now.congestionWindow = controller.window
        now.bytesInFlight = recovery.bytesInFlight
        now.pacingRate = pacer.rate
        now.deliveryRate = recovery.deliveryRate
        now.datagramSize = datagramSize
        now.limit = stoppedBy
        now.bytesTotal = role == .sender ? outgoing.bytesTotal : incoming.bytesTotal
        now.filesDone = role == .sender ? outgoing.delivered : incoming.placed
        return now
    }

    /// Why nothing more could be sent when last asked for; of a sender.
    public var stoppedBy: TransferStatistics.Limit { counters.peerPaused ? .diskFull : limit }

    func reply(on path: NetworkPath) {
        if replyTo.count < 4, !replyTo.contains(path) { replyTo.append(path) }
    }

    /// Whether the peer surely knows all that this side has said to it.
    public var isHeard: Bool { hasPeerDone || streamOut.isAcknowledged }

    var isOver: Bool { phase == .closing || phase == .closed }

    func queue(_ message: Message) { streamOut.append(message.encoded) }

    // The sender's commands

    /// Offers a file; may be called at any time before ``endOffers()``, even before the handshake is done.
    @discardableResult public func offer(_ file: FileOffer) -> FileID {
        let id = outgoing.add(file)
        queue(.offer(id, file))
        return id
    }

    /// No more files will be offered; when all are done, the connection closes by itself.
    public func endOffers() {
        guard !outgoing.offersEnded else { return }
        outgoing.endOffers()
        queue(.endOfOffers)
    }

    /// After `answered` with held ranges: `kept` of them (ascending) are identical with our file and are not sent again.
    public func start(_ file: FileID, keeping kept: [Range<UInt64>]) {
        guard !isOver, outgoing.start(file, keeping: kept) else { return }
        if outgoing[file]?.held.isEmpty == false { queue(.keep(file, kept)) }
        countResumed(kept.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) })
        reportFinishedReads()
    }

    /// The buffer of a read request holds `count` bytes. Fewer than asked for is allowed for a stream; 0 ends the stream.
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

    /// Every byte of the file was read and the file is unchanged: the receiver may keep it.
    public func end(_ file: FileID) {
        guard !isOver, let size = outgoing.end(file) else { return }
        queue(.end(file, size: size))
    }

    // The receiver's commands

    /// Whether an answer to this offer is still waited for.
    public func isOffered(_ file: FileID) -> Bool { !isOver && incoming[file]?.state == .offered }

    /// Answers an offer.
    /// - Parameter inOrder: the bytes are wanted in the order they were read (a pipe, not a file), from all files of this
    ///   connection from now on.
    public func answer(_ file: FileID, _ answer: FileAnswer, inOrder: Bool = false) {
        guard !isOver, incoming.answer(file, answer) else { return }
        if inOrder { delivery.isOrdered = true }
        if case .accept = answer {
            records.begin()
            windowUrgent = true
        }
        queue(.answer(file, answer))
    }

    /// The bytes of a write request are taken (written to the file, or to the pipe); its buffer is the engine's again.
    public func wrote(_ request: WriteRequest) {
        guard !isOver else { return }
        incoming.wrote(request.file, request.bytes.count)
        counters.bytesDone += UInt64(request.bytes.count)
        if let record = delivery.release(request.slot) { records.release(record) }
        // The sender may be waiting for room: tell it when a good part of the window is free again.
        if records.limit - advertisedLimit >= UInt64(max(records.credit / 4, 1)) { windowUrgent = true }
        if incoming.isOverfull(request.file) { return violated("more bytes than the file has") }
        if let size = incoming.popArrived(request.file) { events.append(.arrived(request.file, size: size)) }
    }

    /// The destination is full: nothing is lost, `wrote` is merely late; the sender is told, and its clock keeps running.
    public func setPaused(_ paused: Bool) {
        guard !isOver else { return }
        queue(.paused(paused))
    }

    /// The file is synced and in its final place; the sender learns it.
    /// - Parameter name: its path, where that is not as it was offered.
    public func placed(_ file: FileID, as name: String? = nil) {
        guard !isOver, incoming.place(file) else { return }
        if let name, peerTakesNames, name.utf8.count <= TransferLimits.nameBytes { queue(.named(file, name)) }
        queue(.done(file))
    }

    // Both

    /// Asks the peer for a sign of life, which comes within ``answerPatience`` from one that lives, unless the path loses it again and again.
    public func ping() { if phase == .established { pingPending = true } }

    /// Gives one file up and tells the peer why; the others go on.
    public func fail(_ file: FileID, _ failure: FileFailure, _ text: String) {
        guard !isOver else { return }
        let known = role == .sender ? outgoing.fail(file) : incoming.fail(file)
        guard known else { return }
        queue(.failed(file, failure, text))
        events.append(.failed(file, failure, text: PeerText.harmless(text)))
        reportFinishedReads()
    }

    /// Ends the connection now and tells the peer why (at most ``TransferLimits/reasonBytes`` of text).
    /// - Parameter failure: what this side is told in the `closed` event.
    public func close(_ reason: CloseReason, _ text: String, as failure: TransferFailure = .cancelled) {
        guard !isOver else { return }
        finish(.failed(failure), closing: (reason, text))
    }

    /// The kernel refused a datagram of `size` bytes for its length.
    func datagramTooLarge(_ size: Int) {
        if size > mtu.current {
            mtu.refused(size)
        } else {
            fallBackToSmaller()
        }
    }

    // Ends

    /// Ends with an outcome, telling the peer if there are keys to tell it with.
    func finish(_ outcome: TransferOutcome, closing reason: (CloseReason, String)?) {
        guard !isOver else { return }
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

    /// All that the driver was given of the connection's memory is over with its last event: it goes to the others.
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
