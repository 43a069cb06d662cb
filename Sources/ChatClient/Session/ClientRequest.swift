import ChatProtocol
import FoundationEssentials

/// The id of a request of this client; the answer carries it.
public struct RequestID: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: RequestID, right: RequestID) -> Bool { left.rawValue < right.rawValue }
}

/// A request of a logged-in client to the server.
public enum ClientRequest: Hashable, Sendable {
    case message(to: String, text: String)
    case groupMessage(group: String, text: String)
    case activeUsers
    /// The active users, for completion; the user is not shown the answer, which comes as ``ClientEvent/seen(user:)``.
    case everybody
    /// The groups, for completion; the user is not shown the answer.
    case everyGroup
    case createGroup(String, members: [String])
    case joinGroup(String)
    case leaveGroup(String)
    case groups
    case members(String)
    case invite(user: String, group: String)
    case signal(to: String, TransferSignal)
    case history(with: ReceivedMessage.Conversation, count: Int)
    case search(String)
    case changePassword(old: String, new: String)
    /// Nil means that the user is back.
    case away(String?)
    case logOut
}

extension ClientRequest {
    /// The line of the request, without its label.
    var line: IRCMessage {
        switch self {
        case .message(let user, let text): IRCMessage("PRIVMSG", user, text)
        case .groupMessage(let group, let text): IRCMessage("PRIVMSG", "#" + group, text)
        case .activeUsers: IRCMessage("ACTIVEUSER")
        case .everybody: IRCMessage("WHO", "*")
        case .everyGroup: IRCMessage("GROUPS", "*")
        case .createGroup(let group, let members): IRCMessage(command: "CREATEGROUP", parameters: ["#" + group] + members)
        case .joinGroup(let group): IRCMessage("JOIN", "#" + group)
        case .leaveGroup(let group): IRCMessage("PART", "#" + group)
        case .groups: IRCMessage("GROUPS")
        case .members(let group): IRCMessage("MEMBERS", "#" + group)
        case .invite(let user, let group): IRCMessage("INVITE", user, "#" + group)
        case .signal(let user, let signal): IRCMessage("P2P", user, signal.verb.rawValue, signal.id, signal.payload)
        case .history(.user(let name), let count): IRCMessage("CHATHISTORY", "LATEST", name, "*", String(count))
        case .history(.group(let name), let count): IRCMessage("CHATHISTORY", "LATEST", "#" + name, "*", String(count))
        case .search(let words): IRCMessage("SEARCH", words)
        case .changePassword(let old, let new):
            IRCMessage("PASSWD", Data([0] + Array(old.utf8) + [0] + Array(new.utf8)).base64EncodedString())
        case .away(let text): IRCMessage(command: "AWAY", parameters: text.map { [$0] } ?? [])
        case .logOut: IRCMessage("QUIT")
        }
    }

    /// The reason why the request cannot be sent: a name that cannot be a parameter of IRC, or a line that is too long.
    var defect: Reply? {
        switch self {
        case .message(let user, let text): ClientRequest.userDefect(user) ?? ClientRequest.textDefect(text)
        case .groupMessage(let group, let text): ClientRequest.groupDefect(group) ?? ClientRequest.textDefect(text)
        case .createGroup(let group, let members):
            ClientRequest.newGroupDefect(group) ?? members.lazy.compactMap(ClientRequest.userDefect).first ?? lengthDefect
        case .joinGroup(let group), .leaveGroup(let group), .members(let group): ClientRequest.groupDefect(group)
        case .invite(let user, let group): ClientRequest.userDefect(user) ?? ClientRequest.groupDefect(group)
        case .signal(let user, _): ClientRequest.userDefect(user)
        case .history(.user(let name), _): ClientRequest.userDefect(name)
        case .history(.group(let name), _): ClientRequest.groupDefect(name)
        case .away(let text): (text?.utf8.count ?? 0) > Limits.awayBytes ? .awayTooLong(limit: Limits.awayBytes) : nil
        case .search: lengthDefect
        case .changePassword(_, let new): PasswordRule.defect(of: new).map { .badPassword($0) }
        case .activeUsers, .everybody, .everyGroup, .groups, .logOut: nil
        }
    }

    /// Whether the messages in the answer are history and not new ones.
    var asksForMessages: Bool {
        switch self {
        case .history, .search: true
        default: false
        }
    }

    /// Whether the request is idempotent. A message sent again under its label is the same message to the server.
    var isRepeatable: Bool {
        switch self {
        case .message, .groupMessage, .history, .search, .activeUsers, .everybody, .everyGroup, .groups, .members, .away, .logOut: true
        default: false
        }
    }

    private var lengthDefect: Reply? {
        line.encoded.count > Limits.lineBytes ? .lineTooLong(limit: Limits.lineBytes) : nil
    }

    private static func textDefect(_ text: String) -> Reply? {
        text.utf8.count > Limits.messageBytes ? .messageTooLong(limit: Limits.messageBytes) : nil
    }

    private static func userDefect(_ name: String) -> Reply? { travels(name) ? nil : .noSuchUser(name) }
    private static func groupDefect(_ name: String) -> Reply? { travels(name) ? nil : .noSuchGroup(name) }

    private static func newGroupDefect(_ name: String) -> Reply? {
        do {
            _ = try Name(name)
            return nil
        } catch {
            return .badGroupName(name, error)
        }
    }

    /// Whether a name can be a target: IRC gives a meaning to some first characters, to commas and to spaces (RFC 2812 §2.3.1, §3.3.1).
    private static func travels(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 256 else { return false }
        return !":#&+!~$%@*".utf8.contains(first) && !name.utf8.contains { $0 == UInt8(ascii: ",") || $0 <= 0x20 }
    }
}
