import ChatCodec
import ChatHub
import ChatStore

/// The labels by which metrics group connections.
struct ConnectionKind: Hashable, Sendable {
    enum Way: String, CaseIterable, Sendable {
        case irc, text
        /// No input yet, or a TLS handshake under way.
        case undecided
    }

    let way: Way
    let isEncrypted: Bool

    static let all = Way.allCases.flatMap { way in [false, true].map { ConnectionKind(way: way, isEncrypted: $0) } }
}

/// The connections of one event loop in numbers.
struct ConnectionCensus: Sendable {
    var kinds: [ConnectionKind: Int] = [:]
    /// Bytes given to sockets that their readers have not taken.
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
