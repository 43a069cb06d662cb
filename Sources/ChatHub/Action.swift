import ChatProtocol

/// What the driver is to do, in the order given.
public enum Action: Sendable {
    /// The answer to one command of a session, with the label that the command carried. May be empty: IRC then acknowledges the label.
    case respond(SessionID, label: String?, [Outgoing])
    /// The same to many sessions, encoded once per representation.
    case deliver([SessionID], Outgoing)
    /// Send what is queued, then close.
    case close(SessionID)
    /// Stop reading from a session whose commands wait, or go on.
    case pauseReading(SessionID, Bool)
    /// Say when so much time is over; nothing where the session is gone by then.
    case wake(SessionID, inMilliseconds: Int64)

    /// Compare a password with the stored hash of that account on the hashing pool, or look for a token among its own; for no account, where `account` is nil,
    /// the same is done in vain.
    /// - from: the address of who asks; addresses take turns.
    indirect case verify(RequestID, account: AccountID?, Proof, from: String)
    /// Who asked for that to be verified is gone: it is answered without, where it has not begun.
    case abandon(RequestID)
    /// Look in the store for an account that the hub does not know (it may have been added from outside just now).
    indirect case findAccount(RequestID, name: Name)
    /// Commit, with whatever else waits, in one transaction; in order.
    case store(RequestID, StoreWrite)
    /// Messages of that stretch to that account, direct and of its groups since it joined them, in order, at most `limit`; of its own those after `ownAfter`.
    indirect case loadMissed(RequestID, account: AccountID, MessageRange, ownAfter: MessageID, limit: Int)

    /// Messages that the account can see, in the order of their ids; answered by ``Event/missed(_:_:)``, or for conversations by
    /// ``Event/historyTargets(_:_:)``.
    indirect case loadHistory(RequestID, account: AccountID, HistoryQuery)
    /// Hash a new password on the hashing pool and keep it; tokens of that account end.
    indirect case setPassword(RequestID, account: AccountID, password: String)
    /// Make a random token, to be kept by ``StoreWrite/token(_:)``.
    case makeToken(RequestID)
    /// Say when all that is queued for that session has been written to its socket, or it is gone.
    case awaitDrain(RequestID, SessionID)

    case log(LogLine)
    /// All sessions have been told and closed; the answer to ``Event/shutDown``.
    case stopped
}

/// One change of what is kept.
public enum StoreWrite: Hashable, Sendable {
    case message(ChatMessage)
    /// With its members and invitations.
    indirect case groupCreated(Group)
    /// Messages up to `after` were before that member's time.
    indirect case memberJoined(GroupID, AccountID, after: MessageID)
    case memberLeft(GroupID, AccountID)
    case invited(GroupID, AccountID)
    /// It has no members any more: its name is free. What was said in it stays with those who said it.
    case groupRemoved(GroupID)
    /// A name's row in the lock-out table.
    indirect case lockOut(HubState.LockOut)
    /// These names have none any more.
    case lockOutsEnded([String])
    /// How far each account has got with its messages.
    case cursors([AccountID: DeliveryCursor])
    /// Nothing: for who has to know that all before is kept.
    case barrier
    indirect case loggedIn(AccountID, at: Timestamp)
    indirect case token(TokenGrant)
    /// How far an account has read.
    /// Only forward; but a kept one beyond that time counts for nothing.
    indirect case readMarker(AccountID, ReadTarget, Timestamp, beyond: Timestamp = Timestamp(milliseconds: .max))
}

/// What is kept of a token with which an account can log in instead of its password.
public struct TokenGrant: Hashable, Sendable {
    public let hash: [UInt8]
    public let account: AccountID
    /// It is of no use once the account's password is another; see ``Account/passwords``.
    public let passwords: Int
    public let expires: Timestamp
    public let at: Timestamp

    public init(hash: [UInt8], account: AccountID, passwords: Int, expires: Timestamp, at: Timestamp) {
        self.hash = hash
        self.account = account
        self.passwords = passwords
        self.expires = expires
        self.at = at
    }
}
