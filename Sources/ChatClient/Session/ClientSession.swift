import ChatProtocol
import DequeModule

/// The client's side of the service as a state machine without I/O: capability negotiation, log-in, requests, reconnection and log-out.
///
/// A caller passes in what happens, with the time, and carries out the outputs in their order. Time is milliseconds of a monotonic clock
/// that also counts while the machine sleeps.
public struct ClientSession: Sendable {
    public struct Configuration: Sendable {
        /// Begins every label of this client. It is unique, because the server recognises a message that is sent again by its label.
        public var labelPrefix = "c"
        /// After this much silence of the server the client sends a PING; milliseconds.
        public var pingInterval: Int64 = 20_000
        /// The connection is lost if the PING has no answer within this time; milliseconds.
        public var pingTimeout: Int64 = 10_000
        /// After a sleep the connection is lost if the server does not answer within this time; milliseconds.
        public var probeTimeout: Int64 = 4_000
        /// If a timer is late by more than this, the machine slept or the process was stopped; milliseconds.
        public var lateness: Int64 = 5_000
        /// How long each step of the log-in and each request may take; milliseconds.
        public var answerTimeout: Int64 = 30_000
        /// How long the client tries to restore a lost connection; nil for ever. Milliseconds.
        public var reconnectFor: Int64?
        /// The client acknowledges a message at the latest this long after it was shown; milliseconds.
        public var acknowledgeInterval: Int64 = 200
        /// Requests a token after the log-in, and uses it to log in again after a lost connection. Unlike a password it costs the server no
        /// hashing.
        public var resumesByToken = false
        /// Shortens the waits between attempts to connect.
        public var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()

        public init() {}
    }

    public enum Input: Equatable, Sendable {
        case start
        case connected
        case received(LineDecoder.Line)
        /// The connection was lost or could not be made; the text says why.
        case disconnected(String)
        /// The server's identity was refused. The session ends.
        case rejected(String)
        /// The server's identity could not be checked. The session ends.
        case failed(String)
        case name(String)
        case password(String)
        case request(RequestID, ClientRequest)
        /// The user has seen this message and all before it, so the server need not replay them.
        case shown(MessageID)
        case timer
        /// The process was stopped and continues (SIGCONT).
        case woke
        /// End the session at once, without a log-out.
        case abandon
    }

    public enum Output: Equatable, Sendable {
        case connect
        case send(IRCMessage)
        case disconnect
        case event(ClientEvent)
    }

    enum Stage: Equatable, Sendable {
        /// Not connected. Connects at `retryAt`; nil before the start.
        case offline(retryAt: Int64?)
        case connecting
        /// Collects the capabilities that the server lists.
        case listing(Set<String>)
        case requesting
        /// Waits for the user's name.
        case naming
        case checkingName(String)
        case awaitingPassword(String)
        case authenticating(Credentials, said: [ServerNotice])
        /// Authenticated; waits for the welcome (001).
        case entering(Credentials)
        case online
        case ended
    }

    struct Credentials: Equatable, Sendable {
        let name: String
        let password: String
    }

    struct Outstanding: Sendable {
        let id: RequestID
        let request: ClientRequest
        var deadline: Int64?
    }

    let configuration: Configuration
    var stage = Stage.offline(retryAt: nil)
    var credentials: Credentials?
    /// Replaces the password when the client connects again; nil if the server gave none.
    var token: String?
    /// The account's name as registered; nil before the first log-in.
    public internal(set) var account: String?
    /// Requests without an answer, in their order. One with a deadline was sent over this connection.
    var outstanding: Deque<Outstanding> = []
    var loggingOut = false
    var hasSentUser = false
    var backoff: Backoff
    var lostAt: Int64?
    var lastHeard: Int64 = 0
    var pinged = false
    /// When a connection that was open during a sleep is given up; nil once the server has answered.
    var probeBy: Int64?
    var stageDeadline: Int64?
    /// The open batches by their reference: the label of each, and its lines so far.
    var batches: [String: Batch] = [:]
    var seen = SeenMessages()
    var acknowledgement = Acknowledgement()
    /// The lines so far of the message of the day; nil while none is being received.
    var messageOfTheDay: [String]?
    /// The reason that the server gave before it closed the connection.
    var farewell: ServerNotice?
    var outputs: [Output] = []

    struct Batch: Sendable {
        let label: String?
        var lines: [IRCMessage]
    }

    /// The highest number of requests without an answer. More are refused at once.
    static let outstandingLimit = 1024
    static let batchLimit = 16
    static let batchLineLimit = 8192
    /// The highest number of lines of a message of the day. The client ignores the rest.
    static let messageOfTheDayLimit = 1024

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        backoff = Backoff(random: configuration.random)
    }

    public var isOnline: Bool { stage == .online }
    public var hasEnded: Bool { stage == .ended }

    /// Processes one input.
    /// - Returns: what the caller has to do, in order.
    public mutating func handle(_ input: Input, at now: Int64) -> [Output] {
        outputs.removeAll(keepingCapacity: true)
        guard stage != .ended else { return [] }
        if let due = nextTimeout, now > due + configuration.lateness { wake(at: now) }
        process(input, at: now)
        return outputs
    }

    /// When the caller has to pass in ``Input/timer`` next.
    public var nextTimeout: Int64? {
        switch stage {
        case .ended: nil
        case .offline(let retryAt): retryAt
        case .connecting: stageDeadline
        default:
            [
                stageDeadline, outstanding.first { $0.deadline != nil }?.deadline,
                stage == .online ? acknowledgement.due : nil, probeBy,
                lastHeard + configuration.pingInterval + (pinged ? configuration.pingTimeout : 0),
            ].compactMap(\.self).min()
        }
    }

    private mutating func process(_ input: Input, at now: Int64) {
        switch input {
        case .start:
            guard case .offline = stage else { return }
            connect(at: now)
        case .connected:
            guard stage == .connecting else { return }
            lastHeard = now
            pinged = false
            probeBy = nil
            if account == nil { emit(.connected) }
            stage = .listing([])
            stageDeadline = now + configuration.answerTimeout
            send(IRCMessage("CAP", "LS", "302"))
        case .received(let line): receive(line, at: now)
        case .disconnected(let reason): lose(reason, at: now)
        case .rejected(let reason): end(.refused(reason))
        case .failed(let reason): end(.failed(reason))
        case .name(let name): submit(name: name, at: now)
        case .password(let password): submit(password: password, at: now)
        case .request(let id, let request): enqueue(request, id, at: now)
        case .shown(let message):
            acknowledgement.record(message, by: now + configuration.acknowledgeInterval)
        case .timer: handleTimer(at: now)
        case .woke: wake(at: now)
        case .abandon:
            acknowledge()
            end(.loggedOut)
        }
    }

    func isConnected() -> Bool {
        switch stage {
        case .offline, .connecting, .ended: false
        default: true
        }
    }

    mutating func connect(at now: Int64) {
        stage = .connecting
        stageDeadline = now + configuration.answerTimeout
        hasSentUser = false
        batches = [:]
        messageOfTheDay = nil
        outputs.append(.connect)
    }

    mutating func emit(_ event: ClientEvent) { outputs.append(.event(event)) }
    mutating func send(_ message: IRCMessage) { outputs.append(.send(message)) }

    mutating func end(_ ending: ClientEvent.Ending) {
        if stage != .connecting, isConnected() { outputs.append(.disconnect) }
        if case .connecting = stage { outputs.append(.disconnect) }
        stage = .ended
        emit(.ended(ending))
    }
}
