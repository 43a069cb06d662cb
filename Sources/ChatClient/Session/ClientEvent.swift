import ChatProtocol

/// The events that a ``ClientSession`` reports to its user, in order.
public enum ClientEvent: Equatable, Sendable {
    /// The server is unknown and its certificate is self-signed. The handshake waits until the user says whether the key is right.
    case unknownServer(SelfMade)
    /// A remark on a server that was accepted, for example that it now has a certificate of an authority.
    case remark(String)
    /// The connection is open. ``askName`` follows.
    case connected
    /// What the server does beside the chat: the values of `chatty/service`. `address` is its address, `ADDRESS:PORT`, as far as the connection
    /// knows it.
    case services([String], address: String?)
    case askName
    case askPassword(name: String)
    /// A reply of the server to the log-in.
    case logInReply(ServerNotice)
    /// A log-in failed; ``askName`` follows. `blocked`: the name is blocked, so even the right password is refused.
    case logInFailed(blocked: Bool)
    /// `again`: after a lost connection.
    case loggedIn(name: String, again: Bool)
    case answered(RequestID, Answer)
    case message(ReceivedMessage)
    /// An active user, the answer to ``ClientRequest/everybody``.
    case seen(user: String)
    /// The members of a group: at log-in for each group of the account, and after joining one.
    case names(group: String, users: [String])
    case memberJoined(user: String, group: String)
    case memberLeft(user: String, group: String)
    /// The account was invited.
    case invited(by: String, group: String)
    case signal(from: String, to: String, TransferSignal)
    /// The server's message of the day, line by line; at each log-in, also after a lost connection.
    case messageOfTheDay([String])
    /// A reply of the server that answers no request.
    case notice(ServerNotice)
    /// The connection was lost. The client connects again by itself.
    case connectionLost
    case ended(Ending)

    /// Whether other users caused the event, and no request of this client.
    var isOfOthers: Bool {
        switch self {
        case .message, .memberJoined, .memberLeft, .invited, .signal, .messageOfTheDay: true
        default: false
        }
    }

    /// Why the session ended.
    public enum Ending: Equatable, Sendable {
        case loggedOut
        /// The server could not be reached, at first or for too long. The text says why.
        case unreachable(String)
        /// The server refused the account, or the client the server's key. The text is empty if the user has been informed already.
        case refused(String)
        /// The other side is no chatty server, or an error occurred.
        case failed(String)
    }
}

/// One reply of the server.
public struct ServerNotice: Equatable, Sendable {
    /// Nil if this client does not know the reply's code; then only the text counts.
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
    /// The message as the server stored it, if the request was a message.
    public var sent: ReceivedMessage?
    /// The messages found, the earliest first, if the request was for the history.
    public var found: [ReceivedMessage] = []

    public init(_ notices: [ServerNotice], sent: ReceivedMessage? = nil) {
        self.notices = notices
        self.sent = sent
    }

    public var isFailure: Bool { notices.contains(where: \.isFailure) }
}

/// A message as it arrived. Its text is not yet safe for a terminal; see ``SafeText``.
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
    /// Whether another session of the same account has sent it.
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
