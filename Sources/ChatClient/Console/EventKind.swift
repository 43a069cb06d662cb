/// What `connect --json` prints an object of, by its member `event`; `chatty-connect(1)` lists them from here.
public enum EventKind: String, CaseIterable, Sendable {
    case message
    case reply
    case error
    case joined
    case left
    case invited
    case motd
    case connected
    case listening
    case connectionLost = "connection-lost"
    case help
    case hint
    case ignored
    case offer
    case offered
    case started
    case progress
    case sent
    case received
    case declined
    case cancelled
    case transferFailed = "transfer-failed"
    case answeredElsewhere = "answered-elsewhere"
    case transfer
    case verification

    /// What it says and its members besides `event`, in the manual's markup.
    public var meaning: String {
        switch self {
        case .message:
            """
            A message: `time`, when the server took it, `id`, which is the same wherever it is shown and greater than that of any before, `from`, `group` where it \
            went to one, `to` where another session of this account sent it to a user, and `text`.
            """
        case .reply:
            """
            An answer of the server, or what it tells unasked: `code`, a word such as `SENT` or `ACTIVE_USER`, `context`, a list of what it is about (names, \
            numbers, times), and `text`, the same for people. The codes are in chatty-chat(7). `time` is that of the message, or since when a user is active.
            """
        case .error: "As `reply`, where something went wrong; without `code` where this program says so."
        case .joined: "`user` joined `group`, in which this account is."
        case .left: "`user` left `group`."
        case .invited: "`user` lets this account join `group`."
        case .motd: "The message of the day, in `text`."
        case .connected: "Connected, or connected again."
        case .listening: "Files can be received. This and `connected` are told where no `--user` was given, or after a lost connection."
        case .connectionLost: "The connection was lost. It is being restored; `connected` follows, or the end."
        case .help: "A line of what `/help` says, in `text`."
        case .hint: "Something to know, in `text`."
        case .ignored: "What `/ignore` and `/unignore` did."
        case .offer:
            """
            A file is offered. This and those below are about a transfer: `number`, that of its commands, `from` or `to`, the other user, `name`, \
            `size` in bytes, `done`, how many of them have arrived, where it runs, and `text`, all of it for people.
            """
        case .offered: "This session has offered a file."
        case .started: "A transfer began."
        case .progress: "Another quarter of the file has arrived."
        case .sent: "The other user has the whole file."
        case .received: "The whole file is here, in `path`."
        case .declined: "An offer was declined by this program."
        case .cancelled: "A transfer was stopped by this program."
        case .transferFailed: "A transfer ended without success: `text` says why."
        case .answeredElsewhere: "Another session of this account has taken or declined the offer."
        case .transfer: "One of those that `/transfers` lists."
        case .verification: "What `/verify` asked for, in `verification`."
        }
    }
}
