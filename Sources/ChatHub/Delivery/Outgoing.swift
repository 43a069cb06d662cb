import ChatProtocol
import ChatStore

/// Output for a session. Each codec encodes it in its own form, and omits what the form cannot express.
///
/// The payloads larger than a message are `indirect`: a value passes through many calls, so it stays small.
public enum Outgoing: Hashable, Sendable {
    indirect case reply(Reply)
    /// The name may log in; the client sends its password next.
    indirect case askPassword(name: String)
    /// The log-in succeeded, under the account's registered name.
    indirect case loggedIn(name: String)
    /// A message of this session is stored.
    case accepted(ChatMessage)
    /// A message from another session, of any account.
    case message(ChatMessage)
    /// A message of tags only (IRCv3 TAGMSG), from an account to a user or `#group`.
    indirect case tags(from: String, to: String, [IRCMessage.Tag], at: Timestamp)
    /// The session is in the group: at log-in, or because a session of its account joined or created the group.
    indirect case entered(Roster, created: Bool)
    indirect case memberJoined(user: String, group: String)
    indirect case memberLeft(user: String, group: String)
    /// An account that shares a group with the session is away, with a text, or with nil back.
    indirect case away(user: String, String?)
    /// An account is invited into a group.
    indirect case invitation(by: String, to: String, group: String)
    indirect case signal(from: String, to: String, TransferSignal)
    /// The members of one group, as asked for.
    indirect case members(Roster)
    indirect case users([UserState], Command.Query)
    /// The messages of a history query. `with` is a user's name or `#group`; nil for a search.
    indirect case history(with: String?, [ChatMessage])
    /// The conversations of an account, each with its last message.
    case historyTargets([HistoryTarget])
    /// Up to when the account has read a conversation. `target` is a user's name or `#group`; the time is nil without a marker.
    indirect case readMarker(target: String, Timestamp?)
    indirect case help(String?)
    /// The lines of the message of the day; empty if there is none.
    case messageOfTheDay([String])
    /// The last output before the connection closes.
    indirect case farewell(Reply)

    public struct Roster: Hashable, Sendable {
        public struct Member: Hashable, Sendable {
            public let name: String
            public let isFounder: Bool
            public let isActive: Bool
            public let isAway: Bool

            public init(name: String, isFounder: Bool, isActive: Bool, isAway: Bool = false) {
                self.name = name
                self.isFounder = isFounder
                self.isActive = isActive
                self.isAway = isAway
            }
        }
        public let group: String
        public let isOpen: Bool
        public let created: Timestamp
        public let members: [Member]
        /// The read marker of the account that gets this roster; nil without one.
        public let readUpTo: Timestamp?

        public init(group: String, isOpen: Bool, created: Timestamp, members: [Member], readUpTo: Timestamp? = nil) {
            self.group = group
            self.isOpen = isOpen
            self.created = created
            self.members = members
            self.readUpTo = readUpTo
        }
    }

    public struct UserState: Hashable, Sendable {
        /// The registered name; for a name without account, the name as asked for.
        public let name: String
        public let exists: Bool
        /// When the account became active; nil if it is not active.
        public let activeSince: Timestamp?
        /// The away text of an active account that is away.
        public let away: String?

        public init(name: String, exists: Bool, activeSince: Timestamp?, away: String? = nil) {
            self.name = name
            self.exists = exists
            self.activeSince = activeSince
            self.away = away
        }
    }
}
