import ChatProtocol
import ChatStore

/// An input of the hub: a connection, a command, an answer to an action, or the time. The driver passes each to ``Hub/handle(_:at:)``.
public enum Event: Sendable {
    /// A client has connected. `network` is the key by which connections and failed log-ins are counted; nil for the address itself.
    indirect case connected(SessionID, address: String, network: String? = nil, isLoopback: Bool)
    /// A session has sent a command.
    /// - bytes: the length of the command's line; 0 for a command that came in no line of its own.
    case command(SessionID, Command, label: String?, bytes: Int = 0)
    /// The delay of ``Action/wake(_:inMilliseconds:)`` is over.
    case woken(SessionID)
    /// The codec has consumed input that makes no command. Bytes without lines belong to a line that waits in the codec, or to one over
    /// every limit.
    case inputConsumed(SessionID, lines: Int, bytes: Int)
    /// The connection is closed.
    /// - acknowledged: the last message that the client has (see ``arrived(_:)``).
    /// - sent: the last message that was written or queued for the client.
    indirect case disconnected(SessionID, Ending, acknowledged: MessageID?, sent: MessageID? = nil)

    /// The answer to ``Action/verify(_:account:_:from:)``.
    case verified(RequestID, Verification)
    /// The engine's outcome for a proposal, or with a nil request an entry of somebody else. Entries come in the order of their positions.
    case decided(RequestID?, Outcome)
    /// The answer to ``Action/catchUp(_:)``. Every entry that was stored before the question has been reported.
    case caughtUp(RequestID)
    /// The answer to ``Action/read(_:_:)``.
    case found(RequestID, StoreAnswer)
    /// The answer to ``Action/makeToken(_:)``: the token, the hash by which it is stored, and its lifetime in seconds.
    indirect case tokenMade(RequestID, token: String, hash: [UInt8], seconds: Int)
    /// The answer to ``Action/awaitDrain(_:_:)``.
    case drained(RequestID)

    /// The operator has replaced the message of the day. The array holds its lines.
    case messageOfTheDayChanged([String])
    /// The last message that each session's client has, by the TCP acknowledgement of its machine. Reported soon after the acknowledgement
    /// and at most about once a second for each session. Sessions whose clients send `SEEN` are not reported.
    case arrived([SessionID: MessageID])
    /// The time has advanced; sent about once a second.
    case tick
    /// The server stops. The hub says farewell to every session and closes it.
    case shutDown

    public enum Verification: Hashable, Sendable {
        /// The password or token is right.
        /// - generation: the setting of the password that it belongs to; see ``Account/passwordGeneration``.
        case right(generation: Int = 0)
        case wrong
        /// The token is unknown or expired. Tokens cannot be guessed, so this is not counted as a wrong password.
        case expiredToken
        /// Too many verifications wait for the hashing pool.
        case busy
        /// The verification was withdrawn before it began; see ``Action/abandon(_:)``.
        case abandoned
        /// The store cannot be read.
        case failed
    }

    public enum Ending: Hashable, Sendable {
        /// The peer or the network closed the connection.
        case closed
        /// The server closed the connection because the client read too slowly.
        case sendQueueExceeded
        /// The hub closed the connection.
        case byHub
    }
}
