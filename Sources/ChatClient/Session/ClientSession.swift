import ChatProtocol
import DequeModule

/// The client's side of the service as a state machine without I/O: over one connection after the other, from the first capability to the last good-bye.
///
/// Time is milliseconds of a clock that only goes forward, also while the machine sleeps, passed in. What to do comes back as ``Output``, in order.
public struct ClientSession: Sendable {
    public struct Configuration: Sendable {
        /// Before every label, so that no two clients, ever, use the same: by its label the server knows a message that is sent again.
        public var labelPrefix = "c"
        /// Ask whether the server is there after that long without a word from it; milliseconds.
        public var pingInterval: Int64 = 20_000
        /// Give it up that long after; milliseconds.
        public var pingTimeout: Int64 = 10_000
        /// After a sleep a connection has that long to show that it still is one; milliseconds.
        public var probeTimeout: Int64 = 4_000
        /// A timeout that is late by more than that was slept through, by the machine or by a process that was stopped; milliseconds.
        public var lateness: Int64 = 5_000
        /// A connection has to be ready for the log-in in that time, and a request answered; milliseconds.
        public var answerTimeout: Int64 = 30_000
        /// How long a lost connection is tried for; nil for ever. Milliseconds.
        public var reconnectFor: Int64?
        /// How long after a message has been shown the server is told so at the latest; milliseconds.
        public var acknowledgeInterval: Int64 = 200
        /// Ask for a token after the log-in, and log in with it where the connection was lost: that costs the server no hashing.
        public var resumesByToken = false
        /// Shortens the waits between attempts to connect.
        public var random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()

        public init() {}
    }

    public enum Input: Equatable, Sendable {
        case start
        case connected
        case received(LineDecoder.Line)
        /// The connection is gone, or could not be made; what to say of it.
        case disconnected(String)
        /// The server at the other end must not be talked to; nothing more is tried.
        case rejected(String)
        /// It cannot be known whether it must; nothing more is tried either.
        case failed(String)
        case name(String)
        case password(String)
        case request(RequestID, ClientRequest)
        /// The person, or the program, has that message and all before it: it is not sent again, whatever happens to this process.
        case shown(MessageID)
        case timer
        /// The process goes on after it was stopped.
        case woke
        /// Leave without a word, whatever waits.
        case abandon
    }

    public enum Output: Equatable, Sendable {
        case connect
        case send(IRCMessage)
        case disconnect
        case event(ClientEvent)
    }

    enum Stage: Equatable, Sendable {
        /// Not connected; try at that time, or never.
        case offline(retryAt: Int64?)
        case connecting
        /// Reading what the server offers.
        case listing(Set<String>)
        case requesting
        /// The name is awaited.
        case naming
        case checkingName(String)
        case awaitingPassword(String)
        case authenticating(Credentials, said: [ServerNotice])
        /// Logged in; the welcome is awaited.
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
    /// In place of the password when connecting again; nil where there is none.
    var token: String?
    /// As registered; nil before the first log-in.
    public internal(set) var account: String?
    /// In the order in which they were asked; those with a deadline have been sent over this connection.
    var outstanding: Deque<Outstanding> = []
    var loggingOut = false
    var hasSentUser = false
    var backoff: Backoff
    var lostAt: Int64?
    var lastHeard: Int64 = 0
    var pinged = false
    /// When a connection that was slept through is given up; nil where it has shown that it stands.
    var probeBy: Int64?
    var stageDeadline: Int64?
    /// The label under which a batch was opened, and its lines so far, by the batch's name.
    var batches: [String: Batch] = [:]
    var seen = SeenMessages()
    var acknowledgement = Acknowledgement()
    /// The lines so far of the message of the day; nil while none is being received.
    var messageOfTheDay: [String]?
    /// What the server said before it closed.
    var farewell: ServerNotice?
    var outputs: [Output] = []

    struct Batch: Sendable {
        let label: String?
        var lines: [IRCMessage]
    }

    /// How many requests may wait; what is over is refused at once.
    static let outstandingLimit = 1024
    static let batchLimit = 16
    static let batchLineLimit = 8192
    /// Lines of a message of the day; what is over is left out.
    static let messageOfTheDayLimit = 1024

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        backoff = Backoff(random: configuration.random)
    }

    public var isOnline: Bool { stage == .online }
    public var hasEnded: Bool { stage == .ended }

    /// Takes what happened and gives what is to be done, in order.
    public mutating func handle(_ input: Input, at now: Int64) -> [Output] {
        outputs.removeAll(keepingCapacity: true)
        guard stage != .ended else { return [] }
        if let due = nextTimeout, now > due + configuration.lateness { wake(at: now) }
        process(input, at: now)
        return outputs
    }

    /// When ``Input/timer`` is to be given next.
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
