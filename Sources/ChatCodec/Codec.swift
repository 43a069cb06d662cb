import ChatHub
import ChatProtocol

/// How a connection speaks: told by its first bytes, it turns lines into commands and what the hub says into bytes. Pure; the connection handler owns one.
public protocol Codec: Sendable {
    /// The longest line this way takes, bytes, without its line end.
    static var maximumLine: Int { get }
    /// What is sent as soon as the codec is known.
    mutating func greeting() -> [UInt8]
    /// False while the answer to the last line decides what the next one means: that one is kept back until then.
    var takesLines: Bool { get }
    /// Takes one line; only while ``takesLines``.
    mutating func receive(_ line: LineDecoder.Line) -> [CodecStep]
    /// What follows from an answer (see ``Action/respond(_:label:_:)``): mostly bytes; a command where a line was waiting for this answer.
    mutating func answer(_ response: [Outgoing], label: String?) -> [CodecStep]
    /// The bytes of what comes unasked. Equal for all sessions of the same ``representation``; empty for what this way cannot show.
    mutating func encode(_ outgoing: Outgoing) -> [UInt8]
    /// Sessions of equal representation get the same bytes for the same shared ``Outgoing`` (see ``Outgoing/isShared``).
    var representation: Representation { get }
}

/// What follows from a line or an answer.
public enum CodecStep: Hashable, Sendable {
    case command(Command, label: String?)
    case write([UInt8])
}

/// All that the bytes of a shared ``Outgoing`` depend on.
public enum Representation: Hashable, Sendable {
    case text
    case irc(Capability)

    /// Whether its clients say what they have shown (`SEEN`), so that nothing is to be guessed from what their machines have received.
    public var saysWhatIsShown: Bool {
        switch self {
        case .text: false
        case .irc(let capabilities): capabilities.contains(.chatty)
        }
    }
}

extension Outgoing {
    /// Whether its bytes depend on the representation only, so that they can be made once for many sessions.
    public var isShared: Bool {
        switch self {
        case .message, .tags, .memberLeft, .memberJoined, .away: true
        default: false
        }
    }
}
