import ChatProtocol
import ChatStore

/// What a session asks for, whatever the codec. Names come as they were typed; the hub judges them. Passed on through several hands: it is a single word
/// (`indirect`), not five texts to be copied.
public indirect enum Command: Hashable, Sendable {
    /// Asks whether a name may log in, before its password is asked for.
    case identify(name: String)
    /// - begins: the session is ready for its groups and missed messages at once; otherwise ``begin`` will say so.
    case logIn(name: String, password: String, begins: Bool)
    /// IRC's `PASS account:password`, or `PASS password` for the nick's account; the hub knows which.
    case logInByPass(nick: String, String)
    /// The session, logged in, is ready to be told of its groups and of what it missed.
    /// - client: a word by which it is known when it comes again after a lost connection.
    /// - takesFiles: its client can carry files.
    /// - hearsPresence: as ``hearPresence(_:)``.
    case begin(ReplayStart, client: String? = nil, takesFiles: Bool = false, hearsPresence: Bool = false)
    /// Whether the session is told when those in its groups are away or here again (IRCv3 away-notify).
    case hearPresence(Bool)
    /// Its client has shown all up to that message (`SEEN`).
    case shown(MessageID)
    /// - tags: for the clients of those who get it now; not kept.
    /// - nonce: what the sender calls this message. The same one again, after a lost connection say, is the same message: it is not said twice.
    case message(to: String, text: String, isNotice: Bool, nonce: String? = nil, tags: [IRCMessage.Tag] = [])
    case groupMessage(group: String, text: String, isNotice: Bool, nonce: String? = nil, tags: [IRCMessage.Tag] = [])
    /// Tags alone, for the clients that are there now: nothing is kept.
    case tagMessage(to: Correspondent, [IRCMessage.Tag])
    case listActive
    case createGroup(name: String, members: [String])
    /// - createsMissing: IRC's JOIN makes an open group of a name that is free.
    case joinGroup(name: String, createsMissing: Bool)
    case leaveGroup(name: String)
    case invite(user: String, group: String)
    /// - quietly: for a client that wants to know the names, its user having asked for nothing.
    case listGroups(quietly: Bool)
    case listMembers(group: String)
    case setTopic(group: String, text: String)
    /// Any change of a group's modes.
    case changeModes(group: String)
    /// IRC's WHOIS, WHO and ISON of a user.
    case lookUp(users: [String], Query)
    /// Nil: back again.
    case away(String?)
    case signal(to: String, TransferSignal)
    /// What was said with a user or in a group.
    case history(with: Correspondent, HistoryRange)
    /// The latest messages that hold all those words, in any conversation of the account's.
    case search(words: String, limit: Int)
    /// The conversations whose last messages lie in that stretch.
    case historyTargets(HistoryRange)
    /// Keeps, or without a time asks, how far one has read.
    case markRead(with: Correspondent, Timestamp?)
    case changePassword(old: String, new: String)
    /// Something to log in with instead of the password, for a while.
    case issueToken
    case help(String?)
    case messageOfTheDay
    /// What the codec answers by itself, passed through so that answers keep the order of commands and flood control counts it.
    case answeredByCodec
    case logOut
    /// A line that the codec could not make a command of; logged and answered with that reply.
    case malformed(SlashCommandKind?, Reply)

    /// As typed.
    public enum Correspondent: Hashable, Sendable {
        case user(String)
        case group(String)
    }

    /// Where a session's replay begins.
    public enum ReplayStart: Hashable, Sendable {
        /// At what no session of the account has had.
        case whereItLeftOff
        /// Behind the last message that this very client has shown, over a connection that it lost.
        case after(MessageID)
        /// Nowhere: the client asks for what it missed by itself (IRCv3 draft/chathistory), and is told of what comes from now on.
        case nowhere
    }

    public enum Query: Hashable, Sendable { case whois, who, ison, userhost }

    /// Whether flood control leaves it out: without it nobody could come or go.
    var isExemptFromRateLimit: Bool {
        switch self {
        case .begin, .shown, .logOut: true
        default: false
        }
    }

    /// Whether it only adds a message: several may wait for their commit at once.
    var isMessage: Bool {
        switch self {
        case .message, .groupMessage: true
        default: false
        }
    }

    /// Whether its answer grows with what there is: many messages, groups, members or users. Such commands of one client are answered one by one.
    public var hasUnboundedReply: Bool {
        switch self {
        case .listActive, .listGroups, .listMembers, .lookUp, .history, .historyTargets, .search, .joinGroup, .begin:
            true
        default: false
        }
    }

    /// How the server's terminal names it; nil for what is part of logging in and for IRC's queries.
    public var slashWord: String? {
        switch self {
        case .identify, .logIn, .logInByPass, .begin, .shown, .hearPresence, .tagMessage, .lookUp, .messageOfTheDay, .markRead, .setTopic,
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
            case .update, .renew: nil
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
