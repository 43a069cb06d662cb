/// The kinds of objects that `connect --json` prints, as their member `event`. `chatty-connect(1)` lists them from here.
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
    case way
    case progress
    case sent
    case received
    case declined
    case cancelled
    case transferFailed = "transfer-failed"
    case answeredElsewhere = "answered-elsewhere"
    case transfer
    case verification

    /// The meaning of the event and its other members, in the manual's markup.
    public var meaning: String {
        switch self {
        case .message:
            """
            A message. `time` is when the server received it. `id` is the same wherever the message is shown, and greater than the ids of earlier messages. \
            `from` is the sender, `group` the group if it was sent to one, `to` the recipient if another session of this account sent it to a user, and `text` \
            the text.
            """
        case .reply:
            """
            An answer of the server, or information that it sends by itself. `code` is a word such as `SENT` or `ACTIVE_USER`, `context` a list of names, \
            numbers and times, and `text` the same for people. chatty-chat(7) lists the codes. `time` is the time of the message, or since when a user is active.
            """
        case .error: "Like `reply`, for an error. An error of this program has no `code`."
        case .joined: "`user` joined `group`. This account is a member of it."
        case .left: "`user` left `group`."
        case .invited: "`user` invited this account to `group`."
        case .motd: "The message of the day, in `text`."
        case .connected: "Connected, or connected again."
        case .listening:
            "Files can be received. This event and `connected` are printed if no `--user` was given, and after a lost connection."
        case .connectionLost: "The connection was lost, and the program connects again. `connected` follows, or the program exits."
        case .help: "A line of the output of `/help`, in `text`."
        case .hint: "Information for people, in `text`."
        case .ignored: "What `/ignore` and `/unignore` did."
        case .offer:
            """
            Another user offers a file. This event and the events below are about a transfer. `number` is its number in commands, `from` or `to` the other user, \
            `name` the name of the file, `size` its size in bytes, `done` how many bytes have arrived if the transfer is running, and `text` the same for people.
            """
        case .offered: "This session has offered a file."
        case .started: "A transfer began."
        case .way:
            """
            How the other side is reached, in the member `way` of this event and of those of a transfer that runs: `direct`, or `relayed` by the server; \
            `connecting` while a path is searched. Not printed for a transfer that is direct from the start.
            """
        case .progress: "Another quarter of the file has arrived."
        case .sent: "The other user has the whole file."
        case .received: "The whole file has been received; `path` is its path."
        case .declined: "This program declined an offer."
        case .cancelled: "This program stopped a transfer."
        case .transferFailed: "A transfer ended without success: `text` says why."
        case .answeredElsewhere: "Another session of this account accepted or declined the offer."
        case .transfer: "A line of the output of `/transfers`."
        case .verification: "The number that `/verify` shows, in `verification`."
        }
    }
}
