import ChatProtocol
import ChatStore

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
    /// Ask the engine for a change; proposals keep their order. Answered by ``Event/decided(_:_:)``.
    case propose(RequestID, Change)
    /// See whether others have changed something, an account of an unknown name say that was added a moment ago. Answered by ``Event/caughtUp(_:)``.
    case catchUp(RequestID)
    /// Answered by ``Event/found(_:_:)``.
    indirect case read(RequestID, StoreQuery)
    /// Hash a new password on the hashing pool and propose it for that account. Answered by ``Event/decided(_:_:)``.
    indirect case setPassword(RequestID, account: AccountID, password: String)
    /// Make a random token, to be kept by ``HubRecord/token(_:)``.
    case makeToken(RequestID)
    /// Say when all that is queued for that session has been written to its socket, or it is gone.
    case awaitDrain(RequestID, SessionID)

    case log(LogLine)
    /// All sessions have been told and closed; the answer to ``Event/shutDown``.
    case stopped
}
