import ChatProtocol

/// What happens to a ``Console``.
public enum ConsoleInput: Sendable {
    /// A line typed, without its end.
    case line(String)
    /// A line that could not be read, and why.
    case refused(Reply)
    /// Ctrl-D, or the end of stdin.
    case endOfInput
    /// Ctrl-C; whether there was something typed, which is gone now.
    case interrupt(hadText: Bool)
    case client(ClientEvent)
    case transfer(CarrierEvent)
    /// Messages have been unconfirmed for so long that they are to be called pending.
    case waited
    /// Nobody has touched the keyboard for a while, or somebody does again.
    case attended(Bool)
    /// Whom the account ignores, as kept.
    case ignoring([String])
    /// The UDP port stands on which files travel.
    case listening(port: UInt16)
    /// Time to see whether those who have been offered files are still there; see ``Console/awaitsPeers``.
    case askPeers
    /// The time of `--listen` is over, or a signal ends it.
    case stop(ConsoleStatus)
    /// The server has not answered the good-bye for too long.
    case unanswered
}

/// What a ``Console`` wants done, in order.
public enum ConsoleEffect: Equatable, Sendable {
    /// A line on stdout.
    case show(String)
    /// A diagnostic on stderr, several lines perhaps, without `chatty: `.
    case complain(String)
    case prompt(ConsolePrompt)
    case bell
    case session(ClientSession.Input)
    case answerUnknownServer(Fingerprint, isRight: Bool)
    /// Bind the UDP port now; ``ConsoleInput/listening(port:)`` follows at once, or the end.
    case listen
    /// Use the history of that account from now on; ``ConsoleInput/ignoring(_:)`` follows at once.
    case useHistory(account: String)
    case storeIgnored([String])
    case transfer(CarrierCommand)
    /// Nothing more follows.
    case leave(ConsoleStatus)
}

/// What is asked for at the moment.
public enum ConsolePrompt: Equatable, Sendable {
    /// Nothing: an answer is awaited.
    case none
    /// A line, shown while it is typed and kept out of the history.
    case line(String)
    /// A line that is not shown.
    case secret(String)
    /// A command or a message.
    case command(String)
}

/// How the whole ends: the exit statuses of `chatty connect`.
public enum ConsoleStatus: Equatable, Sendable {
    case done, failed, usage, unreachable, refused, blocked, notDelivered, resumable, interrupted, terminated, hungUp
}
