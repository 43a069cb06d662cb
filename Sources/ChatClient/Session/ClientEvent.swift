import ChatProtocol

/// What a client learns from its server and of its connection, in order.
public enum ClientEvent: Equatable, Sendable {
    /// A server that was never met, with a certificate that nobody vouches for: it waits for the answer whether that key is right.
    case unknownServer(SelfMade)
    /// Something to know of the server that was taken: that an authority vouches for it now, whose key was another.
    case remark(String)
    /// The connection stands; asked for a name next, unless one was given.
    case connected
    case askName
    case askPassword(name: String)
    /// Said while logging in.
    case logInReply(ServerNotice)
    /// A log-in failed; a name is asked for again. `blocked`: the name is blocked, not merely its password wrong.
    case logInFailed(blocked: Bool)
    /// - again: after a lost connection.
    case loggedIn(name: String, again: Bool)
    case answered(RequestID, Answer)
    case message(ReceivedMessage)
    /// An active user, the answer to ``ClientRequest/everybody``.
    case seen(user: String)
    /// Who is in a group: at log-in for each group of the account, and after joining one.
    case names(group: String, users: [String])
    case memberJoined(user: String, group: String)
    case memberLeft(user: String, group: String)
    /// The account was invited.
    case invited(by: String, group: String)
    case signal(from: String, to: String, TransferSignal)
    /// What the host has written for everybody who logs in, line by line; at each log-in, also after a lost connection.
    case messageOfTheDay([String])
    /// What the server tells of nobody's command.
    case notice(ServerNotice)
    /// Once for each loss; the client mends it by itself.
    case connectionLost
    case ended(Ending)

    /// What others say or do, and nobody has asked for.
    var isOfOthers: Bool {
        switch self {
        case .message, .memberJoined, .memberLeft, .invited, .signal, .messageOfTheDay: true
        default: false
        }
    }

    /// Why there will be nothing more.
    public enum Ending: Equatable, Sendable {
        case loggedOut
        /// Nobody answers there, or nobody did for as long as it was to be tried. What to say of it.
        case unreachable(String)
        /// The account or the key of the server was refused. Said already where empty.
        case refused(String)
        /// Whoever answers is no server of ours, or something else is wrong.
        case failed(String)
    }
}

/// One thing said by the server.
public struct ServerNotice: Equatable, Sendable {
    /// Nil where this client does not know what was said; then only the text counts.
    public let reply: Reply?
    public let text: String
    public let isFailure: Bool

    public init(_ reply: Reply) {
        self.reply = reply
        text = reply.text
        isFailure = reply.isFailure
    }

    public init(text: String, isFailure: Bool) {
        reply = nil
        self.text = text
        self.isFailure = isFailure
    }
}

/// The outcome of one request.
public struct Answer: Equatable, Sendable {
    public var notices: [ServerNotice]
    /// The kept message, where the request was one.
    public var sent: ReceivedMessage?
    /// What was found, the earliest first, where the request was for messages of the past.
    public var found: [ReceivedMessage] = []

    public init(_ notices: [ServerNotice], sent: ReceivedMessage? = nil) {
        self.notices = notices
        self.sent = sent
    }

    public var isFailure: Bool { notices.contains(where: \.isFailure) }
}

/// A message as it arrived, its text as it was sent: not yet fit for a terminal (see ``SafeText``).
public struct ReceivedMessage: Equatable, Sendable {
    public enum Conversation: Hashable, Sendable {
        case user(String)
        case group(String)
    }
    public let id: MessageID?
    public let time: Timestamp
    public let from: String
    /// The group, or the other side of a direct conversation.
    public let conversation: Conversation
    public let text: String
    /// From another session of the same account.
    public let isOwn: Bool

    public init(id: MessageID?, time: Timestamp, from: String, conversation: Conversation, text: String, isOwn: Bool) {
        self.id = id
        self.time = time
        self.from = from
        self.conversation = conversation
        self.text = text
        self.isOwn = isOwn
    }
}
