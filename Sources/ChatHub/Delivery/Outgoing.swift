import ChatProtocol
import ChatStore

/// What a session is told. Each codec shows it in its own form; what one cannot show it leaves out.
///
/// Small, for messages go through many hands: what is larger than they are is kept elsewhere (`indirect`).
public enum Outgoing: Hashable, Sendable {
    indirect case reply(Reply)
    /// That name may log in; its password is awaited.
    indirect case askPassword(name: String)
    /// Logged in, under the account's registered name, into these groups.
    indirect case loggedIn(name: String)
    /// A message of this session's, kept and on its way.
    case accepted(ChatMessage)
    /// A message from another session: of another account, or of the same one elsewhere.
    case message(ChatMessage)
    /// Tags alone, of that account to a user or `#group`.
    indirect case tags(from: String, to: String, [IRCMessage.Tag], at: Timestamp)
    /// This session is in that group now: at log-in, or because one of the account's sessions joined or made it.
    indirect case entered(Roster, created: Bool)
    indirect case memberJoined(user: String, group: String)
    indirect case memberLeft(user: String, group: String)
    /// An account that shares a group with the session is away, or with nil here again.
    indirect case away(user: String, String?)
    /// An account was invited into a group.
    indirect case invitation(by: String, to: String, group: String)
    indirect case signal(from: String, to: String, TransferSignal)
    /// The answer to a list of one group.
    indirect case members(Roster)
    indirect case users([UserState], Command.Query)
    /// The answer to a question for history; `with`: a user's name or `#group`, nil for a search over all.
    indirect case history(with: String?, [ChatMessage])
    /// The conversations of an account, by their last messages.
    case historyTargets([HistoryTarget])
    /// How far the account has read; `target`: a user's name or `#group`.
    indirect case readMarker(target: String, Timestamp?)
    indirect case help(String?)
    /// Lines that the host wants everybody to see who logs in; none where there are none.
    case messageOfTheDay([String])
    /// The last words before the connection is closed.
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
        /// How far the account that is told this has read; nil where it has never said.
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
        /// As registered, or as asked for where there is none.
        public let name: String
        public let exists: Bool
        /// Nil where the account is not active.
        public let activeSince: Timestamp?
        /// What an account that is active but away says of it.
        public let away: String?

        public init(name: String, exists: Bool, activeSince: Timestamp?, away: String? = nil) {
            self.name = name
            self.exists = exists
            self.activeSince = activeSince
            self.away = away
        }
    }
}
