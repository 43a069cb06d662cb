// The wire form of a Reply: an IRCv3 standard reply, `FAIL|NOTE command CODE [context ...] :text`. Encoding and parsing.

extension Reply {
    /// The machine-readable code of the standard reply.
    public var code: String { wire.code }
    /// The parameters after the code: names, numbers, times.
    public var context: [String] { wire.context }

    /// The reply as an IRCv3 standard reply.
    /// - Parameter command: the command that it answers; `*` if it answers none.
    public func standardReply(to command: String) -> IRCMessage {
        let wire = wire
        return IRCMessage(
            command: isFailure ? "FAIL" : "NOTE", parameters: [command, wire.code] + wire.context + [text])
    }

    private var wire: (code: String, context: [String]) {
        switch self {
        case .invalidCredentials: ("INVALID_CREDENTIALS", [])
        case .nowBlocked(let seconds): ("NOW_BLOCKED", [String(seconds)])
        case .blocked: ("BLOCKED", [])
        case .welcome(let name): ("WELCOME", [name])
        case .tooManySessions(let limit): ("TOO_MANY_SESSIONS", [String(limit)])
        case .loginTimedOut(let seconds): ("LOGIN_TIMED_OUT", [String(seconds)])
        case .busy: ("BUSY", [])
        case .goodbye(let name): ("GOODBYE", [name])
        case .loginRequired: ("LOGIN_REQUIRED", [])
        case .needsClient: ("NEEDS_CLIENT", [])
        case .noSuchUser(let name): ("NO_SUCH_USER", [name])
        case .noSuchGroup(let name): ("NO_SUCH_GROUP", [name])
        case .badUserName(let name, let defect): ("BAD_USER_NAME", [defect.code, name])
        case .badGroupName(let name, let defect): ("BAD_GROUP_NAME", [defect.code, name])
        case .sent(let name, let time): ("SENT", [name, time.iso8601])
        case .kept(let name): ("KEPT", [name])
        case .notActive(let name): ("NOT_ACTIVE", [name])
        case .groupCreated(let name, let members): ("GROUP_CREATED", [name, members.joined(separator: ",")])
        case .groupExists(let name): ("GROUP_EXISTS", [name])
        case .joined(let name): ("JOINED", [name])
        case .alreadyMember(let name): ("ALREADY_MEMBER", [name])
        case .notInvited(let name): ("NOT_INVITED", [name])
        case .notMember(let name): ("NOT_MEMBER", [name])
        case .left(let name): ("LEFT", [name])
        case .invited(let user, let group): ("INVITED", [user, group])
        case .alreadyMemberOther(let user, let group): ("USER_ALREADY_MEMBER", [user, group])
        case .notPermitted(let change, let group): ("NOT_PERMITTED", [change.rawValue, group])
        case .sentToGroup(let name, let time): ("SENT_TO_GROUP", [name, time.iso8601])
        case .nobodyElse(let name): ("NOBODY_ELSE", [name])
        case .noOtherActive: ("NO_OTHER_ACTIVE", [])
        case .activeUser(let name, let since, let isAway): ("ACTIVE_USER", [name, since.iso8601] + (isAway ? ["away"] : []))
        case .group(let name, let members, let open, let joined):
            ("GROUP", [name, String(members), open ? "open" : "invited", joined ? "joined" : "absent"])
        case .noGroups: ("NO_GROUPS", [])
        case .member(let name, let active): ("MEMBER", [name, active ? "active" : "absent"])
        case .nowAway: ("NOW_AWAY", [])
        case .back: ("BACK", [])
        case .away(let name, _): ("AWAY", [name])
        case .awayTooLong(let limit): ("AWAY_TOO_LONG", [String(limit)])
        case .signalSent(let name): ("SIGNAL_SENT", [name])
        case .offerGone(let name): ("OFFER_GONE", [name])
        case .noRelay: ("NO_RELAY", [])
        case .passwordChanged: ("PASSWORD_CHANGED", [])
        case .passwordReplaced(let name): ("PASSWORD_REPLACED", [name])
        case .badPassword(let defect): ("BAD_PASSWORD", [defect.rawValue])
        case .resumeToken(let token, let seconds): ("RESUME_TOKEN", [token, String(seconds)])
        case .tokenExpired: ("TOKEN_EXPIRED", [])
        case .tooManyTokens(let seconds): ("TOO_MANY_TOKENS", [String(seconds)])
        case .tooManyAttempts(let seconds): ("TOO_MANY_ATTEMPTS", [String(seconds)])
        case .messageTooLong(let limit): ("MESSAGE_TOO_LONG", [String(limit)])
        case .lineTooLong(let limit): ("LINE_TOO_LONG", [String(limit)])
        case .notUTF8: ("INVALID_UTF8", [])
        case .forbiddenByte: ("FORBIDDEN_BYTE", [])
        case .tooManyMembers(let limit): ("TOO_MANY_MEMBERS", [String(limit)])
        case .tooManyGroups(let limit): ("TOO_MANY_GROUPS", [String(limit)])
        case .tooManyGroupsMade(let limit): ("TOO_MANY_GROUPS_MADE", [String(limit)])
        case .flooded: ("FLOODED", [])
        case .sendQueueExceeded: ("SENDQ_EXCEEDED", [])
        case .storeFailed: ("STORE_FAILED", [])
        case .searchTooBroad: ("SEARCH_TOO_BROAD", [])
        case .unknownCommand(let word): ("UNKNOWN_COMMAND", [word])
        case .notACommand: ("NOT_A_COMMAND", [])
        case .usage(let kind): ("USAGE", [kind.rawValue])
        case .plaintextRefused: ("PLAINTEXT_REFUSED", [])
        case .tooManyConnections(let limit): ("TOO_MANY_CONNECTIONS", [String(limit)])
        case .shuttingDown: ("SHUTTING_DOWN", [])
        case .accountGone(let name): ("ACCOUNT_GONE", [name])
        }
    }

    /// Parses a standard reply; nil for any other message, and for an unknown code of a newer server (whose last parameter is then still a
    /// readable text).
    public init?(_ message: IRCMessage) {
        guard ["FAIL", "WARN", "NOTE"].contains(message.command), message.parameters.count >= 3 else { return nil }
        let context = Array(message.parameters[2..<message.parameters.count - 1])
        if let away = Reply.readAway(message.parameters[1], context, said: message.parameters[message.parameters.count - 1]) {
            self = away
        } else {
            self.init(code: message.parameters[1], context: context)
        }
    }

    /// Parses the replies that contain a user's text: only the last parameter can hold spaces.
    private static func readAway(_ code: String, _ context: [String], said: String) -> Reply? {
        switch (code, context.first) {
        case ("NOW_AWAY", _): return said.rest(behind: Reply.nowAway("").text).map { .nowAway($0) }
        case ("AWAY", let name?): return said.rest(behind: Reply.away(name, "").text).map { .away(name, $0) }
        default: return nil
        }
    }

    private init?(code: String, context: [String]) {
        guard let value = Reply.readNamed(code, context) ?? Reply.readBare(code) ?? Reply.readCounted(code, context) else { return nil }
        self = value
    }

    private static func readBare(_ code: String) -> Reply? {
        bare[code]
    }

    private static let bare: [String: Reply] = {
        let all: [Reply] = [
            .invalidCredentials, .blocked, .busy, .noOtherActive, .noGroups, .notUTF8, .forbiddenByte, .storeFailed, .searchTooBroad,
            .notACommand, .plaintextRefused, .flooded, .sendQueueExceeded,
            .shuttingDown, .loginRequired, .needsClient, .noRelay, .passwordChanged, .tokenExpired, .back,
        ]
        return Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })
    }()

    private static func readCounted(_ code: String, _ context: [String]) -> Reply? {
        guard let first = context.first, let number = Int(first) else { return nil }
        switch code {
        case "NOW_BLOCKED": return .nowBlocked(seconds: number)
        case "TOO_MANY_ATTEMPTS": return .tooManyAttempts(seconds: number)
        case "TOO_MANY_TOKENS": return .tooManyTokens(seconds: number)
        case "TOO_MANY_SESSIONS": return .tooManySessions(limit: number)
        case "LOGIN_TIMED_OUT": return .loginTimedOut(seconds: number)
        case "MESSAGE_TOO_LONG": return .messageTooLong(limit: number)
        case "LINE_TOO_LONG": return .lineTooLong(limit: number)
        case "TOO_MANY_MEMBERS": return .tooManyMembers(limit: number)
        case "TOO_MANY_GROUPS": return .tooManyGroups(limit: number)
        case "TOO_MANY_GROUPS_MADE": return .tooManyGroupsMade(limit: number)
        case "AWAY_TOO_LONG": return .awayTooLong(limit: number)
        case "TOO_MANY_CONNECTIONS": return .tooManyConnections(limit: number)
        default: return nil
        }
    }

    private static func readNamed(_ code: String, _ context: [String]) -> Reply? {
        guard let first = context.first else { return nil }
        let second = context.count > 1 ? context[1] : nil
        switch (code, second) {
        case ("WELCOME", _): return .welcome(name: first)
        case ("GOODBYE", _): return .goodbye(name: first)
        case ("NO_SUCH_USER", _): return .noSuchUser(first)
        case ("NO_SUCH_GROUP", _): return .noSuchGroup(first)
        case ("BAD_USER_NAME", let name?): return Name.Defect(code: first).map { .badUserName(name, $0) }
        case ("BAD_GROUP_NAME", let name?): return Name.Defect(code: first).map { .badGroupName(name, $0) }
        case ("BAD_PASSWORD", _): return PasswordRule.Defect(rawValue: first).map { .badPassword($0) }
        case ("SENT", let time?): return Timestamp(iso8601: time).map { .sent(to: first, at: $0) }
        case ("KEPT", _): return .kept(for: first)
        case ("NOT_ACTIVE", _): return .notActive(first)
        case ("GROUP_CREATED", let members?):
            return .groupCreated(first, members: members == "*" ? [] : members.pieces(between: ","))
        case ("GROUP_EXISTS", _): return .groupExists(first)
        case ("JOINED", _): return .joined(first)
        case ("ALREADY_MEMBER", _): return .alreadyMember(first)
        case ("NOT_INVITED", _): return .notInvited(first)
        case ("NOT_MEMBER", _): return .notMember(first)
        case ("LEFT", _): return .left(first)
        case ("INVITED", let group?): return .invited(user: first, group: group)
        case ("USER_ALREADY_MEMBER", let group?): return .alreadyMemberOther(user: first, group: group)
        case ("NOT_PERMITTED", let group?): return GroupChange(rawValue: first).map { .notPermitted($0, group: group) }
        case ("NOBODY_ELSE", _): return .nobodyElse(first)
        case ("SENT_TO_GROUP", let time?): return Timestamp(iso8601: time).map { .sentToGroup(first, at: $0) }
        case ("ACTIVE_USER", let time?):
            return Timestamp(iso8601: time).map { .activeUser(first, since: $0, isAway: context.contains("away")) }
        case ("GROUP", let members?) where context.count == 4:
            return Int(members).map { .group(first, members: $0, open: context[2] == "open", joined: context[3] == "joined") }
        case ("MEMBER", let state?): return .member(first, active: state == "active")
        case ("RESUME_TOKEN", let seconds?): return Int(seconds).map { .resumeToken(first, seconds: $0) }
        case ("SIGNAL_SENT", _): return .signalSent(to: first)
        case ("OFFER_GONE", _): return .offerGone(first)
        case ("UNKNOWN_COMMAND", _): return .unknownCommand(first)
        case ("USAGE", _): return SlashCommandKind(rawValue: first).map { .usage($0) }
        case ("PASSWORD_REPLACED", _): return .passwordReplaced(first)
        case ("ACCOUNT_GONE", _): return .accountGone(first)
        default: return nil
        }
    }
}

extension Name.Defect {
    fileprivate var code: String {
        switch self {
        case .empty: "EMPTY"
        case .tooLong: "TOO_LONG"
        case .badFirstCharacter: "BAD_FIRST_CHARACTER"
        case .badCharacter: "BAD_CHARACTER"
        }
    }

    fileprivate init?(code: String) {
        guard let defect = [Name.Defect.empty, .tooLong, .badFirstCharacter, .badCharacter].first(where: { $0.code == code }) else {
            return nil
        }
        self = defect
    }
}
