import ChatProtocol
import ChatStore
import DequeModule

/// What the hub knows of one connection. An object: it is changed many times a message, and belongs to one hub alone (which therefore is `~Copyable`).
final class Session {
    let id: SessionID
    /// Of its peer.
    let address: String
    /// What its connections and failed log-ins are counted by; see ``Event/connected(_:address:network:isLoopback:)``.
    let network: String
    /// Whether they are counted.
    let isCounted: Bool
    let connectedAt: EventTime

    var account: AccountID?
    /// By which setting of its account's password it came in; see ``Account/passwordGeneration``.
    var passwordGeneration = 0
    /// As registered; empty until it has logged in.
    var name = ""
    /// It has been told of its groups; from now on it is "active".
    var hasBegun = false
    var activeSince: Timestamp
    /// Its client can carry files.
    var takesFiles = false
    var bucket: TokenBucket?
    var byteBucket: TokenBucket?
    /// It goes on when its buckets have filled a little: it has been asked for.
    var isWakeAwaited = false

    /// Messages that wait for their commit.
    var pendingMessages = 0
    /// Another command waits for its result.
    var isBusy = false
    /// Its password is being verified.
    var verification: RequestID?
    /// Commands that wait for those before them, or for their session's turn by flood control, so that they and their answers keep their order.
    var backlog: Deque<Waiting> = []
    var isPaused = false

    /// Answers that are due, in the order of their commands; nil: not there yet.
    private var answers: Deque<(label: String?, response: [Outgoing]?)> = []
    private var firstAnswer = 0

    var replay = Replay.live
    /// So far it has been replayed: what is stored before that must not come again.
    var replayedUpTo = MessageID.zero
    /// The last message that it got so.
    var lastReplayed = MessageID.zero
    /// What it is given, the last stretch without an end; empty where its client asks for what it missed by itself.
    var due: [MessageRange] = []
    /// Of these the ones whose replay has still to begin.
    var dueLater: ArraySlice<MessageRange> = []
    /// Of its account's undelivered ranges the ones that its replay delivers; see ``DeliveryCursors``.
    var undelivered: Set<Int> = []
    /// How its client has named itself: the same after a lost connection.
    var client: String?
    /// The account's own messages behind this one are news to it: other sessions sent them.
    var ownAfter = MessageID.zero
    /// The last message that its client has, as far as is known.
    var reached = MessageID.zero
    /// What its client has counts as had by the account: it was given all before.
    var movesMark = false
    /// Its client has come again over another connection: what this one loses is not owed.
    var isReplaced = false
    /// Its user has said that it ends.
    var hasLoggedOut = false
    /// Told to close; nothing more is said or heard.
    var isClosing = false

    init(id: SessionID, address: String, network: String, isCounted: Bool, connectedAt: EventTime) {
        self.id = id
        self.address = address
        self.network = network
        self.isCounted = isCounted
        self.connectedAt = connectedAt
        activeSince = connectedAt.wall
    }

    /// By which its failed log-ins are counted; nil where they are not.
    var throttledNetwork: String? { isCounted ? network : nil }

    struct Waiting {
        let command: Command
        let label: String?
        let bytes: Int
    }

    enum Replay: Equatable {
        /// Gets messages as they are stored.
        case live
        /// Reads what it missed from the store; `moreCame`: something was stored for it meanwhile, so that one more page is to be read.
        case reading(moreCame: Bool)
    }

    /// Reading is paused above the first and goes on below the second.
    static let backlogHigh = 64
    static let backlogLow = 16

    /// Keeps a place for the answer to a command that is begun; gives its number.
    func open(label: String?) -> Int {
        answers.append((label, nil))
        return firstAnswer + answers.count - 1
    }

    func label(of sequence: Int) -> String? {
        let index = sequence - firstAnswer
        return answers.indices.contains(index) ? answers[index].label : nil
    }

    /// Takes an answer and gives those that can go out now: all up to the first that is not there yet.
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

    /// After how many milliseconds so many lines and bytes more may be said; nil for now.
    func wait(lines: Int, bytes: Int, at now: EventTime) -> Int64? {
        let waits = [bucket?.wait(for: Double(lines), at: now.uptime), byteBucket?.wait(for: Double(bytes), at: now.uptime)]
        return waits.compactMap(\.self).max()
    }

    /// Takes them out of the buckets, which may owe them.
    func spend(lines: Int, bytes: Int) {
        bucket?.spend(Double(lines))
        byteBucket?.spend(Double(bytes))
    }

    /// Whether all before a command has got so far that it can be begun.
    func canBegin(_ command: Command) -> Bool { !isBusy && (pendingMessages == 0 || command.isMessage) }
}
