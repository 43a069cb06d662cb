/// The commands that people type: the one table behind parsing, usage lines, `/help` and completion.
///
/// The server parses them for plain-text sessions, `chatty connect` for itself. Some are known to the client only
/// (``Description/clientOnly``).
public enum SlashCommandKind: String, CaseIterable, Sendable {
    case msgto, activeuser, creategroup, joingroup, groupmsg, p2pvideo, logout, help
    case groups, members, invite, leavegroup, history, search, passwd
    case away, ignore, unignore
    case accept, decline, cancel, transfers, verify, talk, reply, me, quit

    public struct Description: Sendable {
        /// The arguments as in the usage line; empty if there are none.
        public let arguments: String
        /// The effect of the command in one line, without a full stop.
        public let summary: String
        /// Whether only `chatty connect` knows the command.
        public let clientOnly: Bool
        /// The completion of each argument; the last one repeats.
        public let completion: [ArgumentKind]
    }

    /// The kind of an argument, which decides its completion.
    public enum ArgumentKind: Sendable { case user, ignored, group, file, command, text, offer, conversation }

    public var description: Description {
        switch self {
        case .msgto: about("USERNAME MESSAGE", "send a direct message", [.user, .text])
        case .activeuser: about("", "list the other active users and since when", [])
        case .creategroup: about("GROUPNAME [USERNAME ...]", "make a group chat: for these users, or all", [.text, .user])
        case .joingroup: about("GROUPNAME", "join a group chat", [.group])
        case .groupmsg: about("GROUPNAME MESSAGE", "send a message to a group chat you have joined", [.group, .text])
        case .p2pvideo: about("USERNAME FILE", "send a video, or any file, straight to a user", [.user, .file])
        case .logout: about("", "log out and leave", [])
        case .help: about("[COMMAND]", "list the commands, or explain one", [.command])
        case .groups: about("", "list the group chats you can see", [])
        case .members: about("GROUPNAME", "list who is in a group chat", [.group])
        case .invite: about("GROUPNAME USERNAME", "let a user join one of your group chats", [.group, .user])
        case .leavegroup: about("GROUPNAME", "leave a group chat", [.group])
        case .history: about("[USERNAME|#GROUPNAME] [NUMBER]", "show the latest NUMBER messages, or 20", [.conversation, .text])
        case .search: about("WORDS", "find messages that contain all these words", [.text])
        case .passwd: about("", "change your password and end other sessions", [], clientOnly: true)
        case .away: about("[MESSAGE]", "mark yourself away; without MESSAGE, as back", [.text])
        case .ignore: about("[USERNAME]", "hide what a user sends, or list ignored users", [.user], clientOnly: true)
        case .unignore: about("USERNAME", "stop ignoring a user", [.ignored], clientOnly: true)
        case .accept: about("[NUMBER]", "accept a file that was offered", [.offer], clientOnly: true)
        case .decline: about("[NUMBER]", "decline a file that was offered", [.offer], clientOnly: true)
        case .cancel: about("[NUMBER]", "stop a transfer", [.offer], clientOnly: true)
        case .transfers: about("", "list the transfers and offers of this session", [], clientOnly: true)
        case .verify: about("[NUMBER]", "show the number that both users can compare", [.offer], clientOnly: true)
        case .talk: about("USERNAME|#GROUPNAME", "choose the conversation for lines without a slash", [.conversation], clientOnly: true)
        case .reply: about("MESSAGE", "answer the last direct message", [.text], clientOnly: true)
        case .me: about("MESSAGE", "say what you do, as in /me waves", [.text], clientOnly: true)
        case .quit: about("", "the same as /logout", [], clientOnly: true)
        }
    }

    private func about(_ arguments: String, _ summary: String, _ completion: [ArgumentKind], clientOnly: Bool = false) -> Description {
        Description(arguments: arguments, summary: summary, clientOnly: clientOnly, completion: completion)
    }

    /// Words of other chat programs that are accepted as well.
    private static let aliases: [String: SlashCommandKind] = [
        "join": .joingroup, "part": .leavegroup, "names": .members, "list": .groups, "query": .talk, "quit": .logout,
    ]

    /// Words of other chat programs that are not accepted, each with the command to suggest.
    private static let meanings: [String: SlashCommandKind] = [
        "msg": .msgto, "m": .msgto, "w": .msgto, "dm": .msgto, "tell": .msgto, "whisper": .msgto, "whois": .activeuser, "who": .activeuser,
        "users": .activeuser, "dcc": .p2pvideo, "send": .p2pvideo, "say": .groupmsg, "back": .away, "exit": .logout, "bye": .logout,
        "leave": .leavegroup,
        "create": .creategroup,
    ]

    /// The command with this word (without the slash) as its own word or as an alias.
    /// - Parameter client: whether to include the commands that only `chatty connect` knows.
    public static func named(_ word: String, client: Bool) -> SlashCommandKind? {
        [SlashCommandKind(rawValue: word), aliases[word]].compactMap(\.self).first { client || !$0.description.clientOnly }
    }

    /// The command that a word which is no command most likely means: `/msgto` for `/msg`, `/activeuser` for `/activuser`.
    public static func meant(by word: String, client: Bool) -> SlashCommandKind? {
        let bare = (word.rest(behind: "/") ?? word).lowercased()
        let known = meanings[bare] ?? named(bare, client: client)
        return known ?? Suggestion.nearest(to: bare, among: offered(toClient: client).map(\.rawValue)).flatMap(SlashCommandKind.init)
    }

    /// `/msgto`.
    public var word: String { "/" + rawValue }

    /// `Usage: /msgto USERNAME MESSAGE`.
    public var usage: String { "Usage: " + invocation }

    /// `/msgto USERNAME MESSAGE`.
    public var invocation: String { description.arguments.isEmpty ? word : word + " " + description.arguments }

    /// The summary as a sentence.
    public var sentence: String { Texts.sentence(description.summary) }

    /// The line of `/help`, at most 80 columns.
    public var helpLine: String {
        invocation + String(repeating: " ", count: max(1, 30 - invocation.utf8.count)) + description.summary
    }

    /// The commands that a session offers, in the order of `/help`.
    public static func offered(toClient client: Bool) -> [SlashCommandKind] { allCases.filter { client || !$0.description.clientOnly } }
}

/// A parsed command line of a person.
public enum SlashCommand: Equatable, Sendable {
    case message(user: String, text: String)
    case activeUsers
    case createGroup(group: String, members: [String])
    case joinGroup(String)
    case groupMessage(group: String, text: String)
    case sendFile(user: String, path: String)
    case logOut
    case help(String?)
    case groups
    case members(String)
    case invite(group: String, user: String)
    case leaveGroup(String)
    /// `with` is a user or, with its `#`, a group, as typed; nil means the current conversation.
    case history(with: String?, count: Int)
    case search(String)
    case changePassword
    case accept(String?)
    case decline(String?)
    case cancel(String?)
    case transfers
    case verify(String?)
    /// Nil means that the user is back.
    case away(String?)
    /// Nil lists the ignored users.
    case ignore(String?)
    case unignore(String)
    case talk(String)
    case reply(String)
    case action(String)

    /// Number of messages that `/history` shows by default; its summary names it too.
    public static let historyCount = 20

    /// The reason why a line is not a command.
    public enum Defect: Error, Equatable, Sendable {
        /// The line does not begin with a slash.
        case notACommand
        /// An unknown word, with its slash.
        case unknown(String)
        case usage(SlashCommandKind)

        /// The error message for the person.
        public var text: String {
            switch self {
            case .notACommand: Texts.notACommand
            case .unknown(let word): Texts.unknownCommand(word)
            case .usage(let kind): kind.usage
            }
        }
    }

    /// Parses a line. A message is all that follows the one space after the argument before it; its spaces stay as typed.
    /// - Parameter client: whether to accept the commands that only `chatty connect` knows.
    public init(_ line: String, client: Bool) throws(Defect) {
        var arguments = ArgumentScanner(line)
        guard let word = arguments.word(), let bare = word.rest(behind: "/") else { throw .notACommand }
        guard let kind = SlashCommandKind.named(bare, client: client) else { throw .unknown(word) }
        guard let command = SlashCommand(kind, &arguments), arguments.isAtEnd else { throw .usage(kind) }
        self = command
    }

    private init?(_ kind: SlashCommandKind, _ arguments: inout ArgumentScanner) {
        switch kind {
        case .msgto:
            guard let user = arguments.word(), let text = arguments.rest() else { return nil }
            self = .message(user: user, text: text)
        case .activeuser: self = .activeUsers
        case .creategroup:
            guard let group = arguments.word() else { return nil }
            var members: [String] = []
            while let member = arguments.word() { members.append(member) }
            self = .createGroup(group: group, members: members)
        case .joingroup:
            guard let group = arguments.word() else { return nil }
            self = .joinGroup(group)
        case .groupmsg:
            guard let group = arguments.word(), let text = arguments.rest() else { return nil }
            self = .groupMessage(group: group, text: text)
        case .p2pvideo:
            guard let user = arguments.word(), let path = arguments.rest() else { return nil }
            self = .sendFile(user: user, path: path)
        case .logout, .quit: self = .logOut
        case .help: self = .help(arguments.word())
        case .groups: self = .groups
        case .members:
            guard let group = arguments.word() else { return nil }
            self = .members(group)
        case .invite:
            guard let group = arguments.word(), let user = arguments.word() else { return nil }
            self = .invite(group: group, user: user)
        case .leavegroup:
            guard let group = arguments.word() else { return nil }
            self = .leaveGroup(group)
        case .history:
            let first = arguments.word()
            if let first, let count = Int(first) {
                guard count > 0 else { return nil }
                self = .history(with: nil, count: count)
            } else {
                let second = arguments.word()
                let count = second.map { Int($0) ?? 0 } ?? SlashCommand.historyCount
                guard count > 0 else { return nil }
                self = .history(with: first, count: count)
            }
        case .search:
            guard let words = arguments.rest() else { return nil }
            self = .search(words)
        case .passwd: self = .changePassword
        case .accept: self = .accept(arguments.word())
        case .decline: self = .decline(arguments.word())
        case .cancel: self = .cancel(arguments.word())
        case .transfers: self = .transfers
        case .verify: self = .verify(arguments.word())
        case .away: self = .away(arguments.rest())
        case .ignore: self = .ignore(arguments.word())
        case .unignore:
            guard let user = arguments.word() else { return nil }
            self = .unignore(user)
        case .talk:
            guard let conversation = arguments.word() else { return nil }
            self = .talk(conversation)
        case .reply:
            guard let text = arguments.rest() else { return nil }
            self = .reply(text)
        case .me:
            guard let text = arguments.rest() else { return nil }
            self = .action(text)
        }
    }
}

/// Splits a line at its spaces, or returns the rest as typed.
private struct ArgumentScanner {
    private var remaining: Substring.UTF8View

    init(_ line: String) { remaining = line[...].utf8 }

    var isAtEnd: Bool { remaining.allSatisfy(ArgumentScanner.isSpace) }

    mutating func word() -> String? {
        remaining = remaining.drop(while: ArgumentScanner.isSpace)
        let word = remaining.prefix { !ArgumentScanner.isSpace($0) }
        guard !word.isEmpty else { return nil }
        remaining = remaining[word.endIndex...]
        return String(Substring(word))
    }

    /// All that follows the one space after the last word; nil if only spaces are left.
    mutating func rest() -> String? {
        guard !isAtEnd else { return nil }
        let text = remaining.dropFirst()
        remaining = remaining[remaining.endIndex...]
        return String(Substring(text))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
