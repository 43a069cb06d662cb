import CLinux
import ChatCodec
import ChatHub
import ChatProtocol
import ChatStore
import Connectivity
import DequeModule
import NIOCore
import NIOSSL
import NIOTLS

/// One connection. It detects the client's protocol, decodes its bytes into commands, encodes the hub's output into bytes, and bounds both
/// directions.
///
/// Output is in `ConnectionHandler+Output`.
final class ConnectionHandler: ChannelInboundHandler, @unchecked Sendable {
    // Unchecked: a handler is touched on its channel's event loop only.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// No byte has come yet. Silence leads to text, a first byte to TLS or IRC.
        case undecided
        case handshaking
        case speaking
        /// A leg of the relay (``relayed``), of which the hub knows nothing once it is proven.
        case relaying
        /// The last output is being written.
        case closing
        case closed
    }

    let worker: LoopWorker
    private(set) var id = SessionID(rawValue: .max)
    var phase = Phase.undecided
    private var relayed: (stream: RelayStream, listener: UDPListener)?
    private var frames = RelayFrames()
    var context: ChannelHandlerContext?
    private var isKnownToHub = false
    private var peer: PeerAddress?
    private(set) var isEncrypted = false
    private var silence: Scheduled<Void>?
    private(set) var codec: (any Codec)?
    /// The representation of `codec` after its last line or response. Reading it from `codec` would copy the codec, and every delivery
    /// reads it.
    private(set) var knownRepresentation: Representation?
    private var codecAcceptsLines = false

    private var longestLine = 0
    private var lines = LineDecoder(maximum: 0)
    /// Input that waits until lines are accepted again.
    private var unread = ConnectionHandler.empty
    private var isProcessingLines = false
    /// Commands that wait for their responses.
    private var outstanding = 0
    /// The rest of the commands of a line that has led to many. They wait as lines do.
    private var heldCommands: Deque<(command: Command, label: String?)> = []
    /// Whether an outstanding command may have a long response. No line is accepted until all outstanding commands have theirs.
    private var awaitsLongAnswer = false
    /// Input that made no command and that the hub does not know of yet.
    private var unreported = (lines: 0, bytes: 0)
    private var isPausedByHub = false
    private var isReading = true
    /// Whether the client has closed its side. It may still read.
    private var hasInputEnded = false
    private var arrival = EventTime(wall: Timestamp(milliseconds: 0), uptime: 0)

    // Output; see `ConnectionHandler+Output`.
    var pending = ByteBuffer()
    var pendingMessage: MessageID?
    var inFlight = 0
    /// How many of the queued bytes belong to responses.
    var asked = 0
    var isDirty = false
    /// The delivery progress of a client that does not say itself what it has shown.
    var progress = DeliveryProgress()
    /// The last message that was written or queued for this client.
    var lastSent: MessageID?
    /// Whether the worker polls this connection for acknowledgements.
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
        if let relayed { relayed.listener.ended(relayed.stream) }
        relayed = nil
        phase = .closed
        reportEnd()
    }

    /// Reads the acknowledged bytes from the socket, if it is still there.
    func observeProgress() {
        guard !progress.isSettled, let socket else { return }
        let answer: EventLoopFuture<clinux_tcp_info> = socket.unsafeGetSocketOption(
            level: .tcp, name: .init(rawValue: clinux_tcp_info_option()))
        // On the channel's own loop the answer is there already.
        answer.assumeIsolated().whenSuccess { [self] info in
            let seen = withUnsafePointer(to: info) {
                TCPProgress(given: clinux_tcp_given($0), acknowledged: clinux_tcp_acknowledged($0))
            }
            progress.observe(seen)
        }
    }

    /// Whether the hub has a session for the connection.
    var isOpen: Bool { isKnownToHub }

    /// Makes a change by which the metrics count the connection as another kind.
    func changeKind(_ change: () -> Void) {
        let before = kind
        change()
        if isKnownToHub { worker.recount(from: before, to: kind) }
    }

    /// Ends the hub's session: all output is delivered, or the connection is gone.
    func reportEnd() {
        guard isKnownToHub else { return }
        isKnownToHub = false
        worker.remove(self)
        for requestID in drains { worker.submit(.drained(requestID)) }
        drains = []
        worker.submit(.disconnected(id, ending, acknowledged: progress.reached, sent: lastSent))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch phase {
        case .undecided:
            silence?.cancel()
            // The first byte of a TLS handshake record (RFC 8446 §5.1).
            if !isEncrypted, bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0x16 {
                startTLS(context, bytes)
            } else if !beginRelaying(context, bytes) {
                begin(with: IRCCodec(services: services))
                receive(bytes)
            }
        case .speaking: receive(bytes)
        case .relaying: relay(bytes)
        case .handshaking, .closing, .closed: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            phase = .undecided
            awaitFirstBytes(context)
        } else if case .inputClosed? = event as? ChannelEvent {
            hasInputEnded = true
            // The client's last segment acknowledges what it has.
            observeProgress()
            finishIfAnswered()
            if phase == .closing { endWhenAcknowledged() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        observeProgress()
        // An error of a connection ends that connection.
        context.close(promise: nil)
    }

    // Detection of the client's protocol.

    private func awaitFirstBytes(_ context: ChannelHandlerContext) {
        silence = context.eventLoop.assumeIsolated().scheduleTask(in: worker.settings.silence) { [self] in
            if phase == .undecided { begin(with: TextCodec(services: services)) }
        }
    }

    /// What clients are told that the server does beside the chat.
    private var services: [String] { worker.settings.udp.withLockedValue { $0?.services ?? [] } }

    /// Makes the connection a leg of the relay, if its first byte is that of a length and not of a line: no line begins with NUL.
    private func beginRelaying(_ context: ChannelHandlerContext, _ bytes: ByteBuffer) -> Bool {
        guard bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 0, isEncrypted || worker.settings.allowsPlaintext || isLocal,
            let listener = worker.settings.udp.withLockedValue({ $0 }), listener.services.contains(Capability.relayService)
        else { return false }
        // Until it has shown a grant it counts as any connection of its address does; then it is no session, and has limits of its own.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        relayed = (listener.open(context.channel) { [loop = context.eventLoop] in loop.execute { bound.value.reportEnd() } }, listener)
        phase = .relaying
        relay(bytes)
        return true
    }

    private func relay(_ bytes: ByteBuffer) {
        guard let relayed else { return }
        frames.append(bytes.readableBytesView)
        while let datagram = frames.next() { relayed.listener.arrived(datagram, over: relayed.stream) }
        if frames.isBroken { context?.close(promise: nil) }
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

    private func begin<Kind: Codec>(with newCodec: Kind) {
        phase = .speaking
        var newCodec = newCodec
        guard isEncrypted || worker.settings.allowsPlaintext || isLocal else {
            use(newCodec)
            return closeGently(.closed, sending: .farewell(.plaintextRefused))
        }
        longestLine = Kind.maximumLine
        lines = LineDecoder(maximum: longestLine)
        let greeting = newCodec.greeting()
        use(newCodec)
        enqueue(greeting)
        // A client that closed its side without a byte of input is gone.
        finishIfAnswered()
    }

    /// Sets the codec of the connection.
    func use(_ newCodec: some Codec) {
        changeKind {
            codec = newCodec
            knownRepresentation = newCodec.representation
            codecAcceptsLines = newCodec.acceptsLines
        }
    }

    /// Runs the codec on a line or a response, and stores its representation afterwards.
    private func proceed(_ body: (inout any Codec) -> [CodecStep]) -> [CodecStep]? {
        // A comparison of `codec` itself would copy it. Within one access nothing is copied.
        guard knownRepresentation != nil else { return nil }
        func work(_ codec: inout any Codec) -> (steps: [CodecStep], Representation, acceptsLines: Bool) {
            let steps = body(&codec)
            return (steps, codec.representation, codec.acceptsLines)
        }
        let (steps, representation, acceptsLines) = work(&codec!)
        // A connection taken for text may turn out to be IRC by its first line.
        changeKind { knownRepresentation = representation }
        codecAcceptsLines = acceptsLines
        return steps
    }

    /// The bytes of output that is shared by all sessions of this representation.
    func sharedBytes(of outgoing: Outgoing) -> ByteBuffer {
        var bytes = ByteBuffer()
        // Enough for most messages.
        bytes.reserveCapacity(256)
        codec?.encode(outgoing, into: &bytes)
        return bytes
    }

    /// The bytes of one output in the client's representation; nil without a codec.
    func encoded(_ outgoing: Outgoing) -> [UInt8]? { codec?.encode(outgoing) }

    private var isLocal: Bool { peer?.isLoopback == true && !worker.settings.treatsNobodyAsLoopback }

    // Input.

    private func receive(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeImmutableBuffer(bytes) }
        processLines()
    }

    /// Whether the next line can be processed: the codec is ready for it, few commands are outstanding, and little output is queued.
    /// Further input stays in the socket, and so with the client.
    private var canAcceptLine: Bool { canBegin && heldCommands.isEmpty && codecAcceptsLines }

    private var canBegin: Bool {
        phase == .speaking && !awaitsLongAnswer && outstanding < worker.settings.maximumOutstanding
            && queued <= worker.settings.outputMark
    }

    /// Whether input waits, here or in the socket.
    var isHeld: Bool { unread.readableBytes > 0 || !heldCommands.isEmpty || !isReading }

    /// Processes waiting input, as far as it can be answered.
    func processLines() {
        guard !isProcessingLines else { return }
        isProcessingLines = true
        arrival = .now
        while canBegin, let next = heldCommands.popFirst() { forward(next.command, label: next.label, bytes: 0) }
        unreported.bytes -= lines.dropped
        while unread.readableBytes > 0, canAcceptLine {
            let bytes = unread
            let taken = bytes.withUnsafeReadableBytes { bytes in
                lines.decodePrefix(of: bytes) { line in
                    process(line)
                    return canAcceptLine
                }
            }
            unread.moveReaderIndex(forwardBy: taken)
        }
        if unread.readableBytes == 0 || phase != .speaking { unread = ConnectionHandler.empty }
        isProcessingLines = false
        unreported.bytes += lines.dropped
        reportConsumedInput()
        updateReading()
        finishIfAnswered()
    }

    /// Reports input that led to no command, once for all that came together.
    private func reportConsumedInput() {
        guard unreported != (0, 0) else { return }
        if phase == .speaking { worker.submit(.inputConsumed(id, lines: unreported.lines, bytes: unreported.bytes), at: arrival) }
        unreported = (0, 0)
    }

    private func process(_ line: LineDecoder.Line) {
        guard phase == .speaking, let steps = proceed({ $0.decode(line) }) else { return }
        let bytes = if case .line(let bytes) = line { bytes.count } else { longestLine }
        guard !follow(steps, bytes: bytes) else { return }
        unreported.lines += 1
        unreported.bytes += bytes
    }

    /// Carries out a codec's steps.
    /// - Parameter bytes: the length of the line that led to them.
    /// - Returns: whether one of them is a command.
    @discardableResult
    private func follow(_ steps: [CodecStep], bytes: Int = 0) -> Bool {
        var bytes = bytes
        var hasCommand = false
        for step in steps {
            switch step {
            case .command(let command, let label):
                if hasCommand, !canBegin || !heldCommands.isEmpty {
                    heldCommands.append((command, label))
                } else {
                    forward(command, label: label, bytes: bytes)
                }
                bytes = 0
                hasCommand = true
            case .write(let bytes): enqueue(bytes)
            }
        }
        return hasCommand
    }

    private func forward(_ command: Command, label: String?, bytes: Int) {
        outstanding += 1
        if command.hasUnboundedReply { awaitsLongAnswer = true }
        worker.submit(.command(id, command, label: label, bytes: bytes), at: arrival)
    }

    /// Encodes the response to the oldest outstanding command.
    func answer(_ response: [Outgoing], label: String?) {
        outstanding -= 1
        guard phase == .speaking, let steps = proceed({ $0.answer(response, label: label) }) else { return }
        follow(steps)
        if outstanding == 0 { awaitsLongAnswer = false }
        // Lines are resumed in batches, not one by one.
        guard unread.readableBytes == 0 || outstanding < worker.settings.maximumOutstanding / 2 else { return }
        processLines()
    }

    func pauseReading(_ isPaused: Bool) {
        isPausedByHub = isPaused
        updateReading()
    }

    private func updateReading() {
        let reads = phase != .speaking || !isPausedByHub && unread.readableBytes == 0 && canAcceptLine
        guard reads != isReading, let context else { return }
        isReading = reads
        // Every channel has this option. Setting it fails only on a closed one.
        let channel = context.channel
        channel.setOption(.autoRead, value: reads).whenFailure { _ in channel.close(promise: nil) }
    }

    /// Closes a connection whose client has closed its side, once all its commands have their responses.
    private func finishIfAnswered() {
        guard hasInputEnded, outstanding == 0, heldCommands.isEmpty, unread.readableBytes == 0 else { return }
        switch phase {
        case .undecided, .handshaking, .relaying: context?.close(promise: nil)
        case .speaking: closeGently(.closed)
        case .closing, .closed: break
        }
    }
}
