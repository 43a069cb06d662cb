/// A reply of the server to a command, or a notice about it: one case for each thing that it can say.
///
/// A plain-text session receives ``text``. An IRC client receives a standard reply (`FAIL`, `WARN`, `NOTE`; IRCv3 standard-replies), from
/// which `chatty connect` makes the same value again (``init(_:)``), or the numeric that clients without that capability know. So the texts
/// of all of them come from here.
public enum Reply: Hashable, Sendable {
    // Logging in.
    case invalidCredentials
    case nowBlocked(seconds: Int)
    case blocked
    case welcome(name: String)
    case tooManySessions(limit: Int)
    case loginTimedOut(seconds: Int)
    case busy
    case goodbye(name: String)
    /// A client ends its registration without having logged in.
    case loginRequired

    // Names.
    case noSuchUser(String)
    case noSuchGroup(String)
    case badUserName(String, Name.Defect)
    case badGroupName(String, Name.Defect)

    // Direct messages.
    case sent(to: String, at: Timestamp)
    case kept(for: String)
    case notActive(String)

    // Groups.
    case groupCreated(String, members: [String])
    case groupExists(String)
    case joined(String)
    case alreadyMember(String)
    case notInvited(String)
    case notMember(String)
    case left(String)
    case invited(user: String, group: String)
    case alreadyMemberOther(user: String, group: String)
    /// The user may not change that of the group.
    case notPermitted(GroupChange, group: String)
    case sentToGroup(String, at: Timestamp)
    /// Follows ``sentToGroup(_:at:)``: the message is stored, but the group has no other member.
    case nobodyElse(String)

    // Lists.
    case noOtherActive
    case activeUser(String, since: Timestamp, isAway: Bool = false)
    case group(String, members: Int, open: Bool, joined: Bool)
    case noGroups
    case member(String, active: Bool)

    // Away.
    case nowAway(String)
    case back
    /// The user to whom a message or an invitation goes is away, with this text.
    case away(String, String)
    case awayTooLong(limit: Int)

    // Transfers.
    case signalSent(to: String)
    /// An offer that this user made or received is closed.
    case offerGone(String)
    /// The server relays no files.
    case noRelay
    /// The session cannot transfer files.
    case needsClient

    // Account.
    case passwordChanged
    /// Ends a session or a log-in that used the old password.
    case passwordReplaced(String)
    case badPassword(PasswordRule.Defect)
    case resumeToken(String, seconds: Int)
    case tokenExpired
    case tooManyTokens(seconds: Int)
    /// Too many failed log-ins from one address.
    case tooManyAttempts(seconds: Int)

    // Limits and failures.
    case messageTooLong(limit: Int)
    case lineTooLong(limit: Int)
    case notUTF8
    /// A line or a message text contains NUL, CR or LF.
    case forbiddenByte
    case tooManyMembers(limit: Int)
    case tooManyGroups(limit: Int)
    case tooManyGroupsMade(limit: Int)
    /// Ends the connection of a client that sends too much before its log-in.
    case flooded
    /// Ends the connection of a client that reads too slowly.
    case sendQueueExceeded
    case storeFailed
    case searchTooBroad
    case unknownCommand(String)
    case notACommand
    case usage(SlashCommandKind)
    case plaintextRefused
    case tooManyConnections(limit: Int)
    case shuttingDown
    case accountGone(String)

    /// What of a group can be asked to change.
    public enum GroupChange: String, Hashable, CaseIterable, Sendable {
        case topic = "TOPIC"
        case modes = "MODES"
    }
}

extension Reply {
    /// The text for people.
    public var text: String {
        switch self {
        case .invalidCredentials: "Invalid credentials. Try again."
        case .nowBlocked(let seconds):
            "You are blocked due to multiple failed login attempts. Try again \(seconds) \(seconds == 1 ? "second" : "seconds") later."
        case .blocked: "You are blocked. Please try again later."
        case .welcome(let name): "Welcome! \(name)"
        case .tooManySessions(let limit): "You have \(limit) sessions already. Close one first."
        case .loginTimedOut(let seconds): "You did not log in within \(seconds) \(seconds == 1 ? "second" : "seconds")."
        case .busy: "The server is busy. Try again."
        case .goodbye(let name): "Bye, \(name)!"
        case .loginRequired: "Log in first: with SASL PLAIN, or with the server password NAME:PASSWORD."
        case .noSuchUser(let name): "There is no user \(name)."
        case .noSuchGroup(let name): "There is no group chat \(name)."
        case .badUserName(let name, let defect): "The user name \(name) is not allowed: \(defect.reason)."
        case .badGroupName(let name, let defect): "The group name \(name) is not allowed: \(defect.reason)."
        case .sent(let name, let time): "Message to \(name) sent at \(time)."
        case .kept(let name): "\(name) is not active. The message will be delivered at the next login."
        case .notActive(let name): "\(name) is not active."
        case .groupCreated(let name, let members) where members.isEmpty: "The group chat \(name) has been created. Everybody can join it."
        case .groupCreated(let name, let members): "The group chat \(name) has been created for \(members.joined(separator: ", "))."
        case .groupExists(let name): "The group chat \(name) already exists."
        case .joined(let name): "You joined the group chat \(name)."
        case .alreadyMember(let name): "You are already in the group chat \(name)."
        case .notInvited(let name): "You were not invited to the group chat \(name)."
        case .notMember(let name): "You are not in the group chat \(name)."
        case .left(let name): "You left the group chat \(name)."
        case .invited(let user, let group): "\(user) can now join the group chat \(group)."
        case .notPermitted(.topic, let group): "The topic of the group chat \(group) cannot be set."
        case .notPermitted(.modes, let group): "The modes of the group chat \(group) cannot be changed."
        case .alreadyMemberOther(let user, let group): "\(user) is already in the group chat \(group)."
        case .sentToGroup(let name, let time): "Message to the group chat \(name) sent at \(time)."
        case .nobodyElse(let name): "Nobody else is in the group chat \(name) yet."
        case .noOtherActive: "No other active user."
        case .activeUser(let name, let since, let isAway): "\(name), active since \(since)\(isAway ? ", away" : "")"
        case .group(let name, let members, let open, let joined):
            "\(name), \(members) \(members == 1 ? "member" : "members")\(open ? "" : ", invitation only")\(joined ? ", joined" : "")"
        case .noGroups: "There is no group chat yet."
        case .member(let name, let active): active ? "\(name), active" : name
        case .nowAway(let text): "You are away: \(text)"
        case .back: "You are back."
        case .away(let name, let text): "\(name) is away: \(text)"
        case .awayTooLong(let limit): "The away message is longer than \(limit) bytes. Nothing was changed."
        case .signalSent(let name): "Sent to \(name)."
        case .noRelay: "This server relays no files."
        case .offerGone(let name): "The offer is closed: it was answered or withdrawn, or \(name) has left."
        case .needsClient: "Only chatty connect can send and receive files."
        case .passwordChanged: "Your password has been changed."
        case .passwordReplaced(let name): "The password of \(name) has been changed. Log in with the new one."
        case .badPassword(let defect): defect.text
        case .resumeToken(let token, let seconds): "Log in with \(token) instead of the password for the next \(seconds) seconds."
        case .tokenExpired: "The token is not valid any more. Log in with the password."
        case .tooManyTokens(let seconds):
            "Your account has asked for too many tokens. Try again \(seconds) \(seconds == 1 ? "second" : "seconds") later."
        case .tooManyAttempts(let seconds):
            "Too many failed log-ins from your address. Try again \(seconds) \(seconds == 1 ? "second" : "seconds") later."
        case .messageTooLong(let limit): "The message is longer than \(limit) bytes. It was not sent."
        case .lineTooLong(let limit): "The line is longer than \(limit) bytes. It was not read."
        case .notUTF8: "The line is not UTF-8 text. It was not read."
        case .forbiddenByte: "The line contains a NUL or CR character, which is not allowed. It was not read."
        case .tooManyMembers(let limit): "Name at most \(limit) members when you make a group chat."
        case .tooManyGroups(let limit): "You are in \(limit) group chats already. Leave one first."
        case .tooManyGroupsMade(let limit): "You have made \(limit) group chats that still exist. You cannot make more."
        case .flooded: "You sent too much at once. Connect again, and send less."
        case .sendQueueExceeded: "Your client reads too slowly. Log in again to receive what you missed."
        case .storeFailed: "The server could not store this: its disk is full or failing. Nothing was sent or changed. Try again later."
        case .searchTooBroad: "The search took too long. Search for longer or rarer words."
        case .unknownCommand(let word): Texts.unknownCommand(word)
        case .notACommand: Texts.notACommand
        case .usage(let kind): kind.usage
        case .plaintextRefused: "This server accepts connections without TLS from its own machine only. Connect with TLS."
        case .tooManyConnections(let limit): "Your address has \(limit) connections already. Close one first."
        case .shuttingDown: "The server is shutting down."
        case .accountGone(let name): "The account \(name) has been removed or blocked."
        }
    }

    /// The reason of a failure, as the end of a line of the server's log; nil for a success.
    public var reason: String? {
        switch self {
        case .welcome, .goodbye, .sent, .kept, .groupCreated, .joined, .left, .invited, .sentToGroup, .nobodyElse, .noOtherActive,
            .activeUser, .group,
            .noGroups, .member, .nowAway, .back, .away, .signalSent, .passwordChanged, .resumeToken:
            nil
        case .invalidCredentials: "invalid credentials"
        case .nowBlocked: "invalid credentials, now blocked"
        case .blocked: "blocked"
        case .tooManySessions(let limit): "\(limit) sessions already"
        case .loginTimedOut: "no log-in in time"
        case .busy: "the server is busy"
        case .loginRequired: "not logged in"
        case .needsClient: "this session cannot transfer files"
        case .offerGone: "the offer is closed"
        case .noRelay: "this server relays no files"
        case .noSuchUser(let name): "there is no user \(LoggedName.text(name))"
        case .noSuchGroup: "there is no such group chat"
        case .badUserName(_, let defect), .badGroupName(_, let defect): "the name is not allowed: \(defect.reason)"
        case .notActive(let name): "\(name) is not active"
        case .groupExists: "it already exists"
        case .alreadyMember: "already in it"
        case .notInvited: "not invited"
        case .notMember: "not in it"
        case .notPermitted: "nobody may"
        case .alreadyMemberOther(let user, _): "\(user) is already in it"
        case .badPassword(let defect): defect.reason
        case .tokenExpired: "the token has expired"
        case .passwordReplaced: "the password has been changed"
        case .tooManyTokens: "too many tokens"
        case .tooManyAttempts: "too many failed log-ins from its address"
        case .messageTooLong: "the message is too long"
        case .lineTooLong: "the line is too long"
        case .awayTooLong: "the text is too long"
        case .notUTF8: "not UTF-8"
        case .forbiddenByte: "it contains a NUL or a CR"
        case .tooManyMembers: "too many members"
        case .tooManyGroups: "in too many group chats"
        case .tooManyGroupsMade: "too many group chats made"
        case .flooded: "too much at once"
        case .sendQueueExceeded: "SendQ exceeded"
        case .storeFailed: "the disk is full or failing"
        case .searchTooBroad: "the search took too long"
        case .unknownCommand: "unknown command"
        case .notACommand: "not a command"
        case .usage: "wrong number of arguments"
        case .plaintextRefused: "no TLS"
        case .tooManyConnections: "too many connections"
        case .shuttingDown: "the server is shutting down"
        case .accountGone: "the account was removed or blocked"
        }
    }

    public var isFailure: Bool { reason != nil }
}
