import ChatProtocol

/// The inputs of a ``Console``.
public enum ConsoleInput: Sendable {
    /// A line typed, without its end.
    case line(String)
    /// A line that could not be read, and why.
    case refused(Reply)
    /// Ctrl-D, or the end of stdin.
    case endOfInput
    /// Ctrl-C. `hadText`: a line that was being typed has been discarded.
    case interrupt(hadText: Bool)
    case client(ClientEvent)
    case transfer(CarrierEvent)
    /// The server has not confirmed messages for so long that the user should see it.
    case waited
    /// The keyboard has not been used for a while (false), or is used again (true).
    case attended(Bool)
    /// The users that the account ignores, as stored.
    case ignoring([String])
    /// The UDP port for files is open.
    case listening(port: UInt16)
    /// Time to ask whether the other sides of open offers are still active; see ``Console/awaitsPeers``.
    case askPeers
    /// The time of `--listen` is over, or a signal ends it.
    case stop(ConsoleStatus)
    /// The server has not answered the log-out in time.
    case unanswered
}

/// The outputs of a ``Console``, to be carried out in order.
public enum ConsoleEffect: Equatable, Sendable {
    /// A line on stdout.
    case show(String)
    /// A diagnostic on stderr: one or more lines without `chatty: `.
    case complain(String)
    case prompt(ConsolePrompt)
    case bell
    case session(ClientSession.Input)
    case answerUnknownServer(Fingerprint, isRight: Bool)
    /// Bind the UDP port now. ``ConsoleInput/listening(port:)`` follows, or the program ends.
    case listen
    /// Use the account's input history from now on. ``ConsoleInput/ignoring(_:)`` follows.
    case useHistory(account: String)
    case storeIgnored([String])
    case transfer(CarrierCommand)
    /// The last effect: end with this status.
    case leave(ConsoleStatus)
}

/// The prompt that is shown.
public enum ConsolePrompt: Equatable, Sendable {
    /// None, while the console waits for an answer of the server.
    case none
    /// Reads a line that does not go into the history.
    case line(String)
    /// Reads a line without showing it.
    case secret(String)
    /// Reads a command or a message.
    case command(String)
}

/// How the program ends: the exit statuses of `chatty connect`.
public enum ConsoleStatus: Equatable, Sendable {
    case done, failed, usage, unreachable, refused, blocked, notDelivered, resumable, interrupted, terminated, hungUp
}
