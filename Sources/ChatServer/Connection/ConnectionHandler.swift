import CLinux
import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import DequeModule
import NIOCore
import NIOSSL
import NIOTLS

/// One connection: finds out how the client speaks, turns its bytes into commands and what the hub says into bytes, and bounds both.
///
/// What is sent is in `ConnectionHandler+Output`.
final class ConnectionHandler: ChannelInboundHandler, @unchecked Sendable {
    // Unchecked: a handler is touched on its channel's event loop only.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Nothing has come yet: silence, TLS or IRC.
        case undecided
        case handshaking
        case speaking
        /// The last words are on their way.
        case closing
        case closed
    }

    let worker: LoopWorker
    private(set) var id = SessionID(rawValue: .max)
    var phase = Phase.undecided
    var context: ChannelHandlerContext?
    private var isKnownToHub = false
    private var peer: PeerAddress?
    private(set) var isEncrypted = false
    private var silence: Scheduled<Void>?
    private(set) var codec: (any Codec)?
    /// Of `codec`, as it was left by the last line or answer: to ask it means to copy it, and every delivery asks.
    private(set) var knownRepresentation: Representation?
    private var wayTakesLines = false

    private var longestLine = 0
    private var lines = LineDecoder(maximum: 0)
    /// What came and waits until lines are taken again.
    private var unread = ConnectionHandler.empty
    private var isTakingLines = false
    /// Commands that wait for their answers.
    private var outstanding = 0
    /// Commands of a line that has led to many: the rest of it, which waits as lines do.
    private var heldCommands: Deque<(command: Command, label: String?)> = []
    /// One of these may be answered at length: no line is taken until all have their answers.
    private var awaitsLongAnswer = false
    /// What the codec has dealt with by itself and the hub has not been told of yet.
    private var unreported = (lines: 0, bytes: 0)
    private var isPausedByHub = false
    private var isReading = true
    /// The client will send nothing more, and may still be reading.
    private var hasInputEnded = false
    private var arrival = EventTime(wall: Timestamp(milliseconds: 0), uptime: 0)

    // Output; see `ConnectionHandler+Output`.
    var pending = ByteBuffer()
    var pendingMessage: MessageID?
    var inFlight = 0
    /// How many of the bytes that wait for their reader are answers.
    var asked = 0
    var isDirty = false
    /// Of clients that do not say themselves what they have shown.
    var progress = DeliveryProgress()
    /// The last message that was on its way to this client.
    var told: MessageID?
    /// The worker looks now and then how far it is.
    var isWatched = false
    private var socket: (any SocketOptionProvider)?
    var drains: [RequestID] = []
    var ending = Event.Ending.closed
    var deadline: Scheduled<Void>?
    var isOutputEnded = false

    init(_ worker: LoopWorker) { self.worker = worker }

    var representation: Representation? { phase == .speaking ? knownRepresentation : nil }

    var saysWhatIsShown: Bool { knownRepresentation?.saysWhatIsShown == true }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard let peer = PeerAddress(context.remoteAddress) else { return context.close(promise: nil) }
        self.peer = peer
        socket = context.channel as? any SocketOptionProvider
        id = worker.add(self)
        isKnownToHub = true
        worker.submit(.connected(id, address: peer.text, network: peer.network, isLoopback: peer.isLoopback))
        awaitFirstBytes(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        silence?.cancel()
        deadline?.cancel()
        self.context = nil
        socket = nil
        phase = .closed
        reportEnd()
    }

    /// Looks how far the messages have come, while there is a socket to ask.
    func observeProgress() {
        guard !progress.isSettled, let socket else { return }
        let answer: EventLoopFuture<clinux_tcp_info> = socket.unsafeGetSocketOption(
            level: .tcp, name: .init(rawValue: clinux_tcp_info_option()))
        // On the channel's own loop it is there already.
        answer.assumeIsolated().whenSuccess { [self] info in
            let seen = withUnsafePointer(to: info) {
                TCPProgress(given: clinux_tcp_given($0), acknowledged: clinux_tcp_acknowledged($0))
            }
            progress.observe(seen)
        }
    }

    /// Whether the hub takes it for a session.
    var isOpen: Bool { isKnownToHub }

    /// Does what changes how the connection is counted.
    func changeKind(_ change: () -> Void) {
        let before = kind
        change()
        if isKnownToHub { worker.recount(from: before, to: kind) }
    }

    /// For the hub the session is over: when all has been said, or the connection is gone.
    func reportEnd() {
        guard isKnownToHub else { return }
        isKnownToHub = false
        worker.remove(self)
        for requestID in drains { worker.submit(.drained(requestID)) }
        drains = []
        worker.submit(.disconnected(id, ending, written: progress.reached, told: told))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch phase {
        case .undecided:
            silence?.cancel()
            // A TLS record of the type handshake (RFC 8446 §5.1).
            if !isEncrypted, bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0x16 {
                startTLS(context, bytes)
            } else {
                speak(IRCCodec())
                receive(bytes)
            }
        case .speaking: receive(bytes)
        case .handshaking, .closing, .closed: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            phase = .undecided
            awaitFirstBytes(context)
        } else if case .inputClosed? = event as? ChannelEvent {
            hasInputEnded = true
            // With its last segment it has said what it has.
            observeProgress()
            finishIfAnswered()
            if phase == .closing { endWhenAcknowledged() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        observeProgress()
        // Whatever went wrong on one connection ends that connection.
        context.close(promise: nil)
    }

    // How the client speaks.

    private func awaitFirstBytes(_ context: ChannelHandlerContext) {
        silence = context.eventLoop.assumeIsolated().scheduleTask(in: worker.settings.silence) { [self] in
            if phase == .undecided { speak(TextCodec()) }
        }
    }

    private func startTLS(_ context: ChannelHandlerContext, _ first: ByteBuffer) {
        phase = .handshaking
        changeKind { isEncrypted = true }
        do {
            let tls = NIOSSLServerHandler(context: worker.settings.tls.withLockedValue { $0 })
            try context.pipeline.syncOperations.addHandler(tls, position: .before(self))
            context.pipeline.fireChannelRead(first)
            context.pipeline.fireChannelReadComplete()
        } catch {
            context.close(promise: nil)
        }
    }

    private func speak<Kind: Codec>(_ way: Kind) {
        phase = .speaking
        var way = way
        guard isEncrypted || worker.settings.allowsPlaintext || isLocal else {
            use(way)
            return closeGently(.closed, saying: .farewell(.plaintextRefused))
        }
        longestLine = Kind.maximumLine
        lines = LineDecoder(maximum: longestLine)
        let greeting = way.greeting()
        use(way)
        append(greeting)
        // Nobody may have said anything: a client that closes its side before is gone.
        finishIfAnswered()
    }

    /// From now on this is how the client speaks.
    func use(_ way: some Codec) {
        changeKind {
            codec = way
            knownRepresentation = way.representation
            wayTakesLines = way.takesLines
        }
    }

    /// The steps of a line or an answer, and what the codec is like then.
    private func proceed(_ body: (inout any Codec) -> [CodecStep]) -> [CodecStep]? {
        // To compare `codec` itself means to copy it; in one access nothing is copied.
        guard knownRepresentation != nil else { return nil }
        func work(_ way: inout any Codec) -> (steps: [CodecStep], Representation, takesLines: Bool) {
            let steps = body(&way)
            return (steps, way.representation, way.takesLines)
        }
        let (steps, representation, takesLines) = work(&codec!)
        // One that came late may turn out to be of IRC.
        changeKind { knownRepresentation = representation }
        wayTakesLines = takesLines
        return steps
    }

    /// The bytes of what the client is to be shown.
    func encoded(_ outgoing: Outgoing) -> [UInt8]? { codec?.encode(outgoing) }

    private var isLocal: Bool { peer?.isLoopback == true && !worker.settings.treatsNobodyAsLoopback }

    // What the client says.

    private func receive(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
        processLines()
    }

    /// Whether the next line can be answered: its codec knows what it means, and neither too many commands wait for their answers nor too many bytes for
    /// their reader. What cannot be taken stays in the socket, and so with the client.
    private var canTakeLine: Bool { canBegin && heldCommands.isEmpty && wayTakesLines }

    private var canBegin: Bool {
        phase == .speaking && !awaitsLongAnswer && outstanding < worker.settings.maximumOutstanding
            && queued <= worker.settings.outputMark
    }

    /// Lines wait, here or in the socket.
    var isHeld: Bool { unread.readableBytes > 0 || !heldCommands.isEmpty || !isReading }

    /// Takes what waits, as far as it can be answered.
    func processLines() {
        guard !isTakingLines else { return }
        isTakingLines = true
        arrival = .now
        while canBegin, let next = heldCommands.popFirst() { begin(next.command, label: next.label, bytes: 0) }
        unreported.bytes -= lines.dropped
        while unread.readableBytes > 0, canTakeLine {
            let bytes = unread
            let taken = bytes.withUnsafeReadableBytes { bytes in
                lines.decodePrefix(of: bytes) { line in
                    receive(line)
                    return canTakeLine
                }
            }
            unread.moveReaderIndex(forwardBy: taken)
        }
        if unread.readableBytes == 0 || phase != .speaking { unread = ConnectionHandler.empty }
        isTakingLines = false
        unreported.bytes += lines.dropped
        reportHeard()
        updateReading()
        finishIfAnswered()
    }

    /// Tells the hub of what led to no command, at once for all that came together.
    private func reportHeard() {
        guard unreported != (0, 0) else { return }
        if phase == .speaking { worker.submit(.inputConsumed(id, lines: unreported.lines, bytes: unreported.bytes), at: arrival) }
        unreported = (0, 0)
    }

    private func receive(_ line: LineDecoder.Line) {
        guard phase == .speaking, let steps = proceed({ $0.receive(line) }) else { return }
        let bytes = if case .line(let bytes) = line { bytes.count } else { longestLine }
        guard !run(steps, bytes: bytes) else { return }
        unreported.lines += 1
        unreported.bytes += bytes
    }

    /// - Parameter bytes: of the line that led to them.
    /// - Returns: whether there was a command among them.
    @discardableResult
    private func run(_ steps: [CodecStep], bytes: Int = 0) -> Bool {
        var bytes = bytes
        var hasCommand = false
        for step in steps {
            switch step {
            case .command(let command, let label):
                if hasCommand, !canBegin || !heldCommands.isEmpty {
                    heldCommands.append((command, label))
                } else {
                    begin(command, label: label, bytes: bytes)
                }
                bytes = 0
                hasCommand = true
            case .write(let bytes): append(bytes)
            }
        }
        return hasCommand
    }

    private func begin(_ command: Command, label: String?, bytes: Int) {
        outstanding += 1
        if command.hasUnboundedReply { awaitsLongAnswer = true }
        worker.submit(.command(id, command, label: label, bytes: bytes), at: arrival)
    }

    /// The hub's answer to the oldest command that has none yet.
    func answer(_ response: [Outgoing], label: String?) {
        outstanding -= 1
        guard phase == .speaking, let steps = proceed({ $0.answer(response, label: label) }) else { return }
        run(steps)
        if outstanding == 0 { awaitsLongAnswer = false }
        // Not one by one.
        guard unread.readableBytes == 0 || outstanding < worker.settings.maximumOutstanding / 2 else { return }
        processLines()
    }

    func pauseReading(_ isPaused: Bool) {
        isPausedByHub = isPaused
        updateReading()
    }

    private func updateReading() {
        let reads = phase != .speaking || !isPausedByHub && unread.readableBytes == 0 && canTakeLine
        guard reads != isReading, let context else { return }
        isReading = reads
        // The option exists on every channel; setting it fails only on one that is closed.
        let channel = context.channel
        channel.setOption(.autoRead, value: reads).whenFailure { _ in channel.close(promise: nil) }
    }

    /// A client that has ended its input is answered what it asked, then closed.
    private func finishIfAnswered() {
        guard hasInputEnded, outstanding == 0, heldCommands.isEmpty, unread.readableBytes == 0 else { return }
        switch phase {
        case .undecided, .handshaking: context?.close(promise: nil)
        case .speaking: closeGently(.closed)
        case .closing, .closed: break
        }
    }
}
