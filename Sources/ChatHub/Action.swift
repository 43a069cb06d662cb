import ChatProtocol
import ChatStore

/// A step that the hub asks the driver to carry out. The actions of one event are carried out in their order.
public enum Action: Sendable {
    /// Sends the response to one command of a session. `label` is the label that the command carried. An empty response makes IRC
    /// acknowledge the label.
    case respond(SessionID, label: String?, [Outgoing])
    /// Sends the same output to many sessions. The driver encodes it once per representation.
    case deliver([SessionID], Outgoing)
    /// Closes a connection once its queued output is written.
    case close(SessionID)
    /// Pauses reading from a session with too many waiting commands (true), or resumes it (false).
    case pauseReading(SessionID, Bool)
    /// Asks for ``Event/woken(_:)`` after a delay in milliseconds. The driver drops the request if the session is gone by then.
    case wake(SessionID, inMilliseconds: Int64)

    /// Verifies a password against the account's stored hash on the hashing pool, or a token against the account's tokens. Answered by
    /// ``Event/verified(_:_:)``.
    /// - account: nil for a name without an account. The check then takes as long, and fails.
    /// - from: the address of the client. The hashing pool serves addresses in turn.
    indirect case verify(RequestID, account: AccountID?, Proof, from: String)
    /// Withdraws a verification whose session is gone. If it has not begun, its answer is ``Event/Verification/abandoned``.
    case abandon(RequestID)
    /// Proposes a change to the engine. Proposals keep their order. Answered by ``Event/decided(_:_:)``.
    case propose(RequestID, Change)
    /// Asks for every entry that other processes have appended, such as an account that was added a moment ago. Answered by
    /// ``Event/caughtUp(_:)``.
    case catchUp(RequestID)
    /// Reads messages from the store. Answered by ``Event/found(_:_:)``.
    indirect case read(RequestID, StoreQuery)
    /// Hashes a new password on the hashing pool and proposes it for the account. Answered by ``Event/decided(_:_:)``.
    indirect case setPassword(RequestID, account: AccountID, password: String)
    /// Makes a random token, which ``HubRecord/token(_:)`` then stores. Answered by ``Event/tokenMade(_:token:hash:seconds:)``.
    case makeToken(RequestID)
    /// Asks for ``Event/drained(_:)`` once the session's queued output is written to its socket, or the session is gone.
    case awaitDrain(RequestID, SessionID)

    /// Grants a session its leg of a relay, and sends it to the session as a signal of its peer.
    indirect case grantRelay(RelayRequest)

    /// Writes a line of the server's log.
    case log(LogLine)
    /// Reports that every session is closed. The answer to ``Event/shutDown``.
    case stopped
}

/// A session that needs a relay for a transfer that it has offered or accepted.
public struct RelayRequest: Hashable, Sendable {
    public let session: SessionID
    /// Whether it is the side that offers the file.
    public let isOffering: Bool
    /// The sessions that have made and accepted the offer.
    public let sessions: [SessionID]
    /// The account that has made the offer.
    public let account: AccountID
    /// The id of the offer.
    public let id: String
    public let user: String
    public let peer: String
}
