import ChatCodec
import ChatHub
import ChatStore

/// What metrics tell connections apart by.
struct ConnectionKind: Hashable, Sendable {
    enum Way: String, CaseIterable, Sendable {
        case irc, text
        /// Has not said anything yet, or is in the middle of a TLS handshake.
        case undecided
    }

    let way: Way
    let isEncrypted: Bool

    static let all = Way.allCases.flatMap { way in [false, true].map { ConnectionKind(way: way, isEncrypted: $0) } }
}

/// The connections of one event loop, counted.
struct ConnectionCensus: Sendable {
    var kinds: [ConnectionKind: Int] = [:]
    /// Bytes that have been given to sockets and wait for their readers.
    var queuedBytes = 0

    static func + (left: ConnectionCensus, right: ConnectionCensus) -> ConnectionCensus {
        ConnectionCensus(kinds: left.kinds.merging(right.kinds, uniquingKeysWith: +), queuedBytes: left.queuedBytes + right.queuedBytes)
    }
}

extension ConnectionHandler {
    var kind: ConnectionKind {
        let way: ConnectionKind.Way =
            switch knownRepresentation {
            case .irc?: .irc
            case .text?: .text
            case nil: .undecided
            }
        return ConnectionKind(way: way, isEncrypted: isEncrypted)
    }
}
