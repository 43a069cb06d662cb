import ChatProtocol
import ChatStore

/// A session's command, whatever the codec. Names are as typed; the hub validates them. Indirect: a command passes through many calls, and
/// one pointer is cheaper to copy than five texts.
public indirect enum Command: Hashable, Sendable {
    /// Asks whether a name may log in, before the client asks for its password.
    case identify(name: String)
    /// - begins: whether the session is ready for its groups and missed messages at once; otherwise
    ///   ``begin(_:client:takesFiles:watchesPresence:)`` follows.
    case logIn(name: String, password: String, begins: Bool)
    /// IRC's `PASS account:password`, or `PASS password` for the nick's account. The hub decides which.
    case logInByPass(nick: String, String)
    /// A logged-in session is ready for its groups and missed messages.
    /// - client: an identifier of the client that is the same after a reconnection.
    /// - takesFiles: whether the client can transfer files.
    /// - watchesPresence: as ``watchPresence(_:)``.
    case begin(ReplayStart, client: String? = nil, takesFiles: Bool = false, watchesPresence: Bool = false)
    /// Whether the session gets presence changes of members of its groups (IRCv3 away-notify).
    case watchPresence(Bool)
    /// The client has shown all messages up to this one (`SEEN`).
    case shown(MessageID)
    /// - tags: client tags, which are delivered live and not stored.
    /// - nonce: the sender's identifier of the message. A message repeated with the same nonce is not stored again.
    case message(to: String, text: String, isNotice: Bool, nonce: String? = nil, tags: [IRCMessage.Tag] = [])
    case groupMessage(group: String, text: String, isNotice: Bool, nonce: String? = nil, tags: [IRCMessage.Tag] = [])
    /// Tags alone, which are delivered live and not stored.
    case tagMessage(to: Correspondent, [IRCMessage.Tag])
    case listActive
    case createGroup(name: String, members: [String])
    /// - createsMissing: whether an unknown group is created as an open one, as IRC's JOIN does.
    case joinGroup(name: String, createsMissing: Bool)
    case leaveGroup(name: String)
    case invite(user: String, group: String)
    /// - quietly: whether the query comes from a client rather than its user, and so is not logged.
    case listGroups(quietly: Bool)
    case listMembers(group: String)
    case setTopic(group: String, text: String)
    /// Any change of a group's modes.
    case changeModes(group: String)
    /// IRC's WHOIS, WHO and ISON of a user.
    case lookUp(users: [String], Query)
    /// The away text; nil ends the absence.
    case away(String?)
    case signal(to: String, TransferSignal)
    /// Messages with a user or in a group.
    case history(with: Correspondent, HistoryRange)
    /// The latest messages that contain all of the words, in any conversation of the account.
    case search(words: String, limit: Int)
    /// The conversations whose last messages lie in the range.
    case historyTargets(HistoryRange)
    /// Sets the account's read marker, or asks for it if the time is nil.
    case markRead(with: Correspondent, Timestamp?)
    case changePassword(old: String, new: String)
    /// Asks for a resume token, which replaces the password for a while.
    case issueToken
    case help(String?)
    case messageOfTheDay
    /// A line that the codec answers itself. It passes through the hub so that responses keep their order and the rate limit counts it.
    case answeredByCodec
    case logOut
    /// A line that the codec could not parse. It is logged and answered with the reply.
    case malformed(SlashCommandKind?, Reply)

    /// A user or group, named as typed.
    public enum Correspondent: Hashable, Sendable {
        case user(String)
        case group(String)
    }

    /// Where a session's replay begins.
    public enum ReplayStart: Hashable, Sendable {
        /// After the account's delivery cursor, with the undelivered ranges before it.
        case whereItLeftOff
        /// After the last message that this client has shown over an earlier connection.
        case after(MessageID)
        /// No replay: the client fetches missed messages by itself (IRCv3 draft/chathistory), and gets new ones live.
        case nowhere
    }

    public enum Query: Hashable, Sendable { case whois, who, ison, userhost }

    /// Whether the rate limit does not count the command: a session must always be able to begin and end.
    var isExemptFromRateLimit: Bool {
        switch self {
        case .begin, .shown, .logOut: true
        default: false
        }
    }

    /// Whether the command only sends a message. Several of them may wait for their commits at once.
    var isMessage: Bool {
        switch self {
        case .message, .groupMessage: true
        default: false
        }
    }

    /// Whether the reply grows with the number of messages, groups, members or users. Such commands of one client run one after the other.
    public var hasUnboundedReply: Bool {
        switch self {
        case .listActive, .listGroups, .listMembers, .lookUp, .history, .historyTargets, .search, .joinGroup, .begin:
            true
        default: false
        }
    }

    /// The command's name in the server's log; nil for steps of a log-in and for IRC's queries.
    public var slashWord: String? {
        switch self {
        case .identify, .logIn, .logInByPass, .begin, .shown, .watchPresence, .tagMessage, .lookUp, .messageOfTheDay, .markRead, .setTopic,
            .changeModes,
            .answeredByCodec:
            nil
        case .message: SlashCommandKind.msgto.word
        case .groupMessage: SlashCommandKind.groupmsg.word
        case .listActive: SlashCommandKind.activeuser.word
        case .createGroup: SlashCommandKind.creategroup.word
        case .joinGroup: SlashCommandKind.joingroup.word
        case .leaveGroup: SlashCommandKind.leavegroup.word
        case .invite: SlashCommandKind.invite.word
        case .listGroups(let quietly): quietly ? nil : SlashCommandKind.groups.word
        case .listMembers: SlashCommandKind.members.word
        case .away: SlashCommandKind.away.word
        case .signal(_, let signal):
            switch signal.verb {
            case .offer: SlashCommandKind.p2pvideo.word
            case .accept: SlashCommandKind.accept.word
            case .decline, .refuse: SlashCommandKind.decline.word
            case .cancel: SlashCommandKind.cancel.word
            case .update, .renew, .relay: nil
            }
        case .history, .historyTargets: SlashCommandKind.history.word
        case .search: SlashCommandKind.search.word
        case .changePassword: SlashCommandKind.passwd.word
        case .issueToken: nil
        case .help: SlashCommandKind.help.word
        case .logOut: SlashCommandKind.logout.word
        case .malformed(let kind, _): kind?.word
        }
    }
}
