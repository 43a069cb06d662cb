import ChatProtocol
import ChatStore
import DequeModule

/// The hub's state of one connection. A class, because it changes many times per message. It belongs to one hub alone, which therefore is
/// `~Copyable`.
final class Session {
    let id: SessionID
    /// The address of the peer.
    let address: String
    /// The key by which its connections and failed log-ins are counted; see ``Event/connected(_:address:network:isLoopback:)``.
    let network: String
    /// Whether they are counted.
    let isCounted: Bool
    let connectedAt: EventTime

    var account: AccountID?
    /// The setting of the account's password by which the session logged in; see ``Account/passwordGeneration``.
    var passwordGeneration = 0
    /// The account's registered name; empty before the log-in.
    var name = ""
    /// Whether the session is active: it has received its groups and gets messages.
    var hasBegun = false
    var activeSince: Timestamp
    /// Whether the client can transfer files.
    var takesFiles = false
    var bucket: TokenBucket?
    var byteBucket: TokenBucket?
    /// Whether a wake-up has been asked for, at which the backlog continues.
    var isWakeAwaited = false

    /// Messages that wait for their commit.
    var pendingMessages = 0
    /// Whether a command other than a message waits for its result.
    var isBusy = false
    /// The verification of the session's password that is under way.
    var verification: RequestID?
    /// Commands that wait for an earlier command or for the rate limit. Commands and responses keep their order.
    var backlog: Deque<Waiting> = []
    var isPaused = false

    /// The responses to begun commands, in order; nil for one that is not there yet.
    private var answers: Deque<(label: String?, response: [Outgoing]?)> = []
    private var firstAnswer = 0

    var replay = Replay.live
    /// The end of the replay so far. Messages up to it are not delivered live.
    var replayedUpTo = MessageID.zero
    /// The last message that the replay delivered.
    var lastReplayed = MessageID.zero
    /// The ranges that the session is to receive, the last without an end. Empty if the client fetches missed messages by itself.
    var due: [MessageRange] = []
    /// The ranges of ``due`` that its replay has not finished.
    var dueLater: ArraySlice<MessageRange> = []
    /// The account's undelivered ranges that this session's replay delivers; see ``DeliveryCursors``.
    var undelivered: Set<Int> = []
    /// The client's own identifier, which is the same after a reconnection.
    var client: String?
    /// The account's own messages after this one are new to the session: other sessions sent them.
    var ownAfter = MessageID.zero
    /// The last message that its client is known to have.
    var reached = MessageID.zero
    /// Whether the client's progress moves the account's delivery cursor: the session has got everything before.
    var movesCursor = false
    /// Whether the client has reconnected. The new session then recovers what this one loses.
    var isReplaced = false
    /// Whether the user has logged out, as opposed to a lost connection.
    var hasLoggedOut = false
    /// Whether the session is told to close. It neither sends nor receives any more.
    var isClosing = false

    init(id: SessionID, address: String, network: String, isCounted: Bool, connectedAt: EventTime) {
        self.id = id
        self.address = address
        self.network = network
        self.isCounted = isCounted
        self.connectedAt = connectedAt
        activeSince = connectedAt.wall
    }

    /// The key by which the session's failed log-ins are counted; nil if they are not.
    var throttledNetwork: String? { isCounted ? network : nil }

    struct Waiting {
        let command: Command
        let label: String?
        let bytes: Int
    }

    enum Replay: Equatable {
        /// Messages are delivered as they are stored.
        case live
        /// Missed messages are read from the store. `moreCame`: a message was stored meanwhile, so one more page is read.
        case reading(moreCame: Bool)
    }

    /// Reading is paused at ``backlogHigh`` waiting commands and resumed at ``backlogLow``.
    static let backlogHigh = 64
    static let backlogLow = 16

    /// Reserves the place of a command's response, and returns its sequence number.
    func open(label: String?) -> Int {
        answers.append((label, nil))
        return firstAnswer + answers.count - 1
    }

    func label(of sequence: Int) -> String? {
        let index = sequence - firstAnswer
        return answers.indices.contains(index) ? answers[index].label : nil
    }

    /// Stores a response, and sends every response that is due: those up to the first that is missing.
    func answer(_ sequence: Int, _ response: [Outgoing], _ send: (_ label: String?, _ response: [Outgoing]) -> Void) {
        let index = sequence - firstAnswer
        guard answers.indices.contains(index) else { return }
        answers[index].response = response
        while let first = answers.first, let response = first.response {
            answers.removeFirst()
            firstAnswer += 1
            send(first.label, response)
        }
    }

    /// The milliseconds until so many lines and bytes are within the rate; nil for now.
    func wait(lines: Int, bytes: Int, at now: EventTime) -> Int64? {
        let waits = [bucket?.wait(for: Double(lines), at: now.uptime), byteBucket?.wait(for: Double(bytes), at: now.uptime)]
        return waits.compactMap(\.self).max()
    }

    /// Charges lines and bytes to the buckets, which may fall below zero.
    func spend(lines: Int, bytes: Int) {
        bucket?.spend(Double(lines))
        byteBucket?.spend(Double(bytes))
    }

    /// Whether the commands before `command` are far enough for it to begin.
    func canBegin(_ command: Command) -> Bool { !isBusy && (pendingMessages == 0 || command.isMessage) }
}
