import ChatProtocol
import NIOCore
import NIOPosix

/// Runs a ``ClientSession`` over network connections: carries out its outputs and passes inputs to it.
///
/// The session lives on one event loop, which handles inputs from other threads in their order.
public final class ClientDriver: Sendable {
    public struct Configuration: Sendable {
        public var host: String
        public var port: Int
        /// Decides whether to trust the server's certificate; nil for a connection without TLS.
        public var trust: ServerTrust?
        public var session = ClientSession.Configuration()

        public init(host: String, port: Int, trust: ServerTrust?) {
            self.host = host
            self.port = port
            self.trust = trust
        }
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let loop: any EventLoop
    private let core: NIOLoopBoundBox<Core>

    /// - Parameter onEvent: called on the event loop for each event, in order. If it returns false, the driver reads nothing more from the
    ///   server until ``caughtUp()``.
    public init(_ configuration: Configuration, onEvent: @escaping @Sendable (ClientEvent) -> Bool) {
        let loop = group.next()
        self.loop = loop
        core = NIOLoopBoundBox.makeBoxSendingValue(Core(configuration, on: loop, onEvent), eventLoop: loop)
    }

    public func submit(_ input: ClientSession.Input) {
        loop.execute { [core] in core.value.handle(input) }
    }

    /// The answer to ``ClientEvent/unknownServer(_:)``.
    public func answerUnknownServer(_ fingerprint: Fingerprint, isRight: Bool) {
        loop.execute { [core] in core.value.answerUnknownServer(fingerprint, isRight: isRight) }
    }

    /// The events have been handled: continue reading.
    public func caughtUp() {
        loop.execute { [core] in core.value.resumeReading() }
    }

    /// Closes the connection and ends the thread. Call it once; nothing may be submitted afterwards.
    public func shutDown() async {
        try? await group.shutdownGracefully()
    }
}

extension ClientDriver {
    /// The state that lives on the event loop.
    final class Core {
        private let configuration: Configuration
        private let loop: any EventLoop
        private let onEvent: @Sendable (ClientEvent) -> Bool
        private let connector: ServerConnector
        private var session: ClientSession
        private var channel: (any Channel)?
        /// Counts the connections, so that a late event of an old one is not taken for one of the new one.
        private var generation = 0
        private var timer: Scheduled<Void>?
        private var isPaused = false
        /// The origin of the session's time, on a clock that also counts while the machine sleeps.
        private let start = ContinuousClock.now

        init(_ configuration: Configuration, on loop: any EventLoop, _ onEvent: @escaping @Sendable (ClientEvent) -> Bool) {
            self.configuration = configuration
            self.loop = loop
            self.onEvent = onEvent
            connector = ServerConnector(
                .init(host: configuration.host, port: configuration.port, trust: configuration.trust), on: loop,
                // The result is ignored: this comes once, before anything is read.
                onRemark: { _ = onEvent(.remark($0)) })
            session = ClientSession(configuration.session)
        }

        private var now: Int64 { Int64(start.duration(to: .now) / .milliseconds(1)) }

        func handle(_ input: ClientSession.Input) {
            var hasWritten = false
            for output in session.handle(input, at: now) {
                switch output {
                case .connect: connect()
                case .disconnect:
                    let old = channel
                    channel = nil
                    generation += 1
                    if hasWritten { old?.flush() }
                    old?.close(promise: nil)
                case .send(let message):
                    guard let channel else { continue }
                    channel.write(channel.allocator.buffer(bytes: message.encoded), promise: nil)
                    hasWritten = true
                case .event(.services(let services, _)):
                    emit(.services(services, address: channel?.remoteAddress.flatMap(ServerConnector.numericPlace)))
                case .event(let event): emit(event)
                }
            }
            if hasWritten { channel?.flush() }
            schedule()
        }

        private func emit(_ event: ClientEvent) {
            guard !onEvent(event), !isPaused else { return }
            isPaused = true
            channel?.setOption(.autoRead, value: false).whenFailure { _ in }
        }

        func resumeReading() {
            guard isPaused else { return }
            isPaused = false
            channel?.setOption(.autoRead, value: true).whenFailure { _ in }
        }

        private func schedule() {
            timer?.cancel()
            timer = nil
            guard let next = session.nextTimeout else { return }
            let bound = NIOLoopBound(self, eventLoop: loop)
            timer = loop.scheduleTask(in: .milliseconds(max(0, next - now))) { bound.value.handle(.timer) }
        }

        private func connect() {
            generation += 1
            let mine = generation
            let bound = NIOLoopBound(self, eventLoop: loop)
            let attempt = connector.connect { [weak self] happening in
                guard let self, self.generation == mine else { return }
                switch happening {
                case .ready, .bytes: break
                case .line(let line): self.handle(.received(line))
                case .gone:
                    self.channel = nil
                    self.handle(.disconnected("The server closed the connection."))
                }
            }
            attempt.assumeIsolated().whenComplete { result in bound.value.connected(result, mine) }
        }

        private func connected(_ result: Result<any Channel, any Error>, _ mine: Int) {
            switch result {
            case .success(let channel):
                guard generation == mine, !session.hasEnded else { return channel.close(promise: nil) }
                self.channel = channel
                if isPaused { channel.setOption(.autoRead, value: false).whenFailure { _ in } }
                handle(.connected)
            case .failure(let error):
                guard generation == mine else { return }
                switch error as? ServerConnector.Failure {
                case .unreachable(let reason): handle(.disconnected(reason))
                case .refused(let reason): handle(.rejected(reason))
                case .failed(let reason): handle(.failed(reason))
                case .stranger(let certificate): askAbout(certificate)
                case nil: handle(.disconnected("\(error)"))
                }
            }
        }

        /// Asks the user. The time that the answer takes does not count for the connection attempt.
        private func askAbout(_ certificate: SelfMade) {
            timer?.cancel()
            timer = nil
            emit(.unknownServer(certificate))
        }

        func answerUnknownServer(_ fingerprint: Fingerprint, isRight: Bool) {
            guard isRight, let trust = configuration.trust else { return handle(.rejected("The key of the server was not accepted.")) }
            do {
                // If another client has stored a key in the meantime, that key decides.
                _ = try trust.knownHosts.remember(.key(fingerprint), of: trust.server, insteadOf: nil)
                connect()
            } catch {
                handle(.failed(error.message))
            }
        }
    }
}
