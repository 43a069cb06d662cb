import ChatProtocol
import ChatStore

/// All that can happen to the service. The driver makes one of each thing it sees and hands it to ``Hub/handle(_:at:)``.
public enum Event: Sendable {
    /// A connection is there. `network` is what connections and failed log-ins are counted by where that is not the peer's address alone.
    indirect case connected(SessionID, address: String, network: String? = nil, isLoopback: Bool)
    /// - bytes: of the line it came in; none for what did not come in one.
    case command(SessionID, Command, label: String?, bytes: Int = 0)
    /// The time that ``Action/wake(_:inMilliseconds:)`` asked for is over.
    case woken(SessionID)
    /// The codec has dealt by itself with so many lines of so many bytes; bytes alone are of a line that waits there, or of one over every limit.
    case inputConsumed(SessionID, lines: Int, bytes: Int)
    /// The connection is gone, whoever closed it. `written`: the last message that its client has (see ``arrived(_:)``); `told`: the last that was on
    /// its way to it.
    indirect case disconnected(SessionID, Ending, written: MessageID?, told: MessageID? = nil)

    /// The answer to ``Action/verify(_:account:_:from:)``.
    case verified(RequestID, Verification)
    /// What a proposal became, or with no request an entry that somebody else appended. All entries come, in the order of their positions.
    case decided(RequestID?, Outcome)
    /// The answer to ``Action/catchUp(_:)``: every entry that was there when it was asked for has come.
    case caughtUp(RequestID)
    /// The answer to ``Action/read(_:_:)``.
    case found(RequestID, StoreAnswer)
    /// The answer to ``Action/makeToken(_:)``: a token, by what it is kept, and for how many seconds it can be used.
    indirect case tokenMade(RequestID, token: String, hash: [UInt8], seconds: Int)
    /// The answer to ``Action/awaitDrain(_:_:)``.
    case drained(RequestID)

    /// The host has written another message of the day: these lines.
    case messageOfTheDayChanged([String])
    /// The last message that the client of each of these sessions has: its machine has acknowledged it. Told soon after it has, at most about once a second
    /// of each; not of clients that say themselves what they have shown.
    case arrived([SessionID: MessageID])
    /// About once a second.
    case tick
    /// Tell everybody and close.
    case shutDown

    public enum Verification: Hashable, Sendable {
        /// - generation: of which setting of the password it was right; see ``Account/passwordGeneration``.
        case right(generation: Int = 0)
        case wrong
        /// It was a token, and is none (any more): nothing that could be guessed, so it is not counted as a wrong password.
        case expiredToken
        /// Too many are waiting for the hashing pool.
        case busy
        /// It was not looked at; see ``Action/abandon(_:)``.
        case abandoned
        /// The store could not be read.
        case failed
    }

    public enum Ending: Hashable, Sendable {
        /// Closed by the peer or by the network.
        case closed
        /// Closed for reading too slowly.
        case sendQueueExceeded
        /// Asked for by the hub.
        case byHub
    }
}
