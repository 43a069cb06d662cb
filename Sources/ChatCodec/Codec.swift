import ChatHub
import ChatProtocol

/// The language of a connection: decodes lines into commands, and encodes what the hub sends. Pure. The connection handler recognises the
/// language by the first bytes, and owns the codec.
public protocol Codec: Sendable {
    /// The longest line, in bytes without the line end.
    static var maximumLine: Int { get }
    /// The first bytes to send.
    mutating func greeting() -> [UInt8]
    /// False while the meaning of the next line depends on the answer to the last one. The caller holds lines back until it is true.
    var acceptsLines: Bool { get }
    /// Decodes a line. Called only while ``acceptsLines`` is true.
    mutating func decode(_ line: LineDecoder.Line) -> [CodecStep]
    /// Encodes the answer to a command, see ``Action/respond(_:label:_:)``. The result is a command where a line waited for this answer.
    mutating func answer(_ response: [Outgoing], label: String?) -> [CodecStep]
    /// Encodes what is no answer. Equal for all sessions of the same ``representation``; empty for what the language cannot show.
    mutating func encode(_ outgoing: Outgoing, into sink: inout some ByteSink)
    /// Sessions of equal representation receive the same bytes for the same shared ``Outgoing``, see ``Outgoing/isShared``.
    var representation: Representation { get }
}

extension Codec {
    /// The bytes of what is no answer.
    public mutating func encode(_ outgoing: Outgoing) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(outgoing, into: &bytes)
        return bytes
    }
}

/// A result of a line or of an answer.
public enum CodecStep: Hashable, Sendable {
    case command(Command, label: String?)
    case write([UInt8])
}

/// Everything on which the bytes of a shared ``Outgoing`` depend.
public enum Representation: Hashable, Sendable {
    case text
    case irc(Capability)

    /// Whether its clients acknowledge what they have shown (`SEEN`). For others, TCP acknowledgements have to do.
    public var saysWhatIsShown: Bool {
        switch self {
        case .text: false
        case .irc(let capabilities): capabilities.contains(.chatty)
        }
    }
}

extension Outgoing {
    /// Whether its bytes depend on the representation only, so that they are encoded once for many sessions.
    public var isShared: Bool {
        switch self {
        case .message, .tags, .memberLeft, .memberJoined, .away: true
        default: false
        }
    }
}
