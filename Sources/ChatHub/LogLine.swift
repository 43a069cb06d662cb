import ChatProtocol

/// One line of the server's log. Names that have not been validated are quoted; see ``LoggedName``.
public enum LogLine: Hashable, Sendable {
    case received(command: String, user: String)
    indirect case carriedOut(user: String, Phrase)
    /// `phrase` is in the past tense: `logged in`. That of a failure is in the infinitive, and `reason` says why.
    case succeeded(user: String, phrase: String)
    /// `user` is the name as given at log-in. `address` is where the attempt came from.
    indirect case failed(user: String, phrase: String, reason: String, address: String? = nil)
    /// So many log-ins from an address were refused within the last minute (see ``AttemptThrottle``).
    case throttled(address: String, logIns: Int)

    /// What was done, of ``carriedOut(user:_:)`` and ``succeeded(user:phrase:)``; nil of others.
    public var deed: String? {
        switch self {
        case .carriedOut(_, let phrase): phrase.done
        case .succeeded(_, let phrase): phrase
        case .received, .failed, .throttled: nil
        }
    }

    /// `Received command: /msgto from user: yoda.`, `User: yoda successfully created the group chat: jedi.`,
    /// `User: yoda failed to join the group chat: sith: there is no such group chat.`,
    /// `User: yoda failed to log in: invalid credentials (from 192.0.2.1).`,
    /// `Refused 7 log-ins from 192.0.2.1: too many failed log-ins from that address.`
    public var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``text`` in UTF-8. The log has two lines a message, so no intermediate string is built.
    public func append(to bytes: inout [UInt8]) {
        func put(_ text: String) { bytes.append(contentsOf: text.utf8) }
        switch self {
        case .received(let command, let user):
            put("Received command: ")
            put(command)
            put(" from user: ")
            put(user)
        case .carriedOut(let user, let phrase):
            put("User: ")
            put(user)
            put(" successfully ")
            put(phrase.past)
            put(" ")
            put(phrase.object)
            put(phrase.name)
        case .succeeded(let user, let phrase): put("User: \(user) successfully \(phrase)")
        case .failed(let user, let phrase, let reason, let address):
            put("User: \(LoggedName.text(user)) failed to \(phrase): \(reason)")
            if let address { put(" (from \(address))") }
        case .throttled(let address, let count):
            put("Refused \(count) \(count == 1 ? "log-in" : "log-ins") from \(address): too many failed log-ins from that address")
        }
        put(".")
    }
}

/// A request in words, for the server's log: `created the group chat: jedi` and `create the group chat: jedi`.
public struct Phrase: Hashable, Sendable {
    let past: String
    let infinitive: String
    /// The object of the verb, up to a name at its end.
    let object: String
    let name: String

    var done: String { past + " " + object + name }
    var attempted: String { infinitive + " " + object + name }

    init(_ command: Command) {
        switch command {
        case .message(let to, _, _, _, _): self.init("sent", "send", "a direct message to: ", to)
        case .groupMessage(let group, _, _, _, _): self.init("sent", "send", "a message to the group chat: ", group)
        case .listActive: self.init("listed", "list", "the active users")
        case .createGroup(let name, _): self.init("created", "create", "the group chat: ", name)
        case .joinGroup(let name, _): self.init("joined", "join", "the group chat: ", name)
        case .leaveGroup(let name): self.init("left", "leave", "the group chat: ", name)
        case .invite(let user, let group):
            self.init("invited", "invite", "\(LoggedName.text(user)) into the group chat: ", group)
        case .listGroups: self.init("listed", "list", "the group chats")
        case .listMembers(let group): self.init("listed", "list", "the members of the group chat: ", group)
        case .setTopic(let group, _): self.init("set", "set", "the topic of the group chat: ", group)
        case .changeModes(let group): self.init("changed", "change", "the modes of the group chat: ", group)
        case .away(.some): self.init("went", "go", "away")
        case .away(nil): self.init("came", "come", "back")
        case .signal(let to, let signal):
            switch signal.verb {
            case .offer: self.init("offered", "offer", "a file to: ", to)
            case .accept: self.init("accepted", "accept", "a file from: ", to)
            case .decline, .refuse: self.init("declined", "decline", "a file from: ", to)
            case .relay: self.init("relayed", "relay", "a transfer with: ", to)
            case .cancel, .update, .renew: self.init("cancelled", "cancel", "a transfer with: ", to)
            }
        case .history, .historyTargets: self.init("read", "read", "the history")
        case .markRead: self.init("set", "set", "a read marker")
        case .search: self.init("searched", "search", "the messages")
        case .changePassword: self.init("changed", "change", "the password")
        case .issueToken: self.init("got", "get", "a token")
        case .help: self.init("asked", "ask", "for help")
        case .messageOfTheDay: self.init("asked", "ask", "for the message of the day")
        case .logOut: self.init("logged", "log", "out")
        case .malformed(let kind, _): self.init("used", "use", kind?.word ?? "a command")
        case .identify, .logIn, .logInByPass, .begin, .shown, .watchPresence: self.init("logged", "log", "in")
        case .tagMessage: self.init("sent", "send", "tags")
        case .lookUp: self.init("looked", "look", "up users")
        case .answeredByCodec: self.init("asked", "ask", "the server")
        }
    }

    /// - Parameter name: as the client gave it.
    private init(_ past: String, _ infinitive: String, _ object: String, _ name: String? = nil) {
        self.past = past
        self.infinitive = infinitive
        self.object = object
        self.name = name.map(LoggedName.text) ?? ""
    }
}
