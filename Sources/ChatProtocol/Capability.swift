/// The IRCv3 capabilities that the server offers, each of which works. A further one is a line here and its effect in the codec.
public struct Capability: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let sasl = Capability(rawValue: 1 << 0)
    public static let messageTags = Capability(rawValue: 1 << 1)
    public static let serverTime = Capability(rawValue: 1 << 2)
    public static let echoMessage = Capability(rawValue: 1 << 3)
    public static let labeledResponse = Capability(rawValue: 1 << 4)
    public static let batch = Capability(rawValue: 1 << 5)
    public static let standardReplies = Capability(rawValue: 1 << 6)
    public static let capNotify = Capability(rawValue: 1 << 7)
    public static let accountTag = Capability(rawValue: 1 << 8)
    public static let extendedJoin = Capability(rawValue: 1 << 9)
    public static let awayNotify = Capability(rawValue: 1 << 10)
    public static let multiPrefix = Capability(rawValue: 1 << 11)
    public static let userhostInNames = Capability(rawValue: 1 << 12)
    public static let chatHistory = Capability(rawValue: 1 << 20)
    public static let readMarker = Capability(rawValue: 1 << 21)
    /// chatty's own commands (`ACTIVEUSER`, `CREATEGROUP`, `GROUPS`, `P2P`) and the check of a name by `NICK` before its password.
    public static let chatty = Capability(rawValue: 1 << 13)

    /// The value of `chatty/service` that says that the server answers STUN (RFC 8489) on the UDP port with the number of its TCP port.
    public static let stunService = "stun"
    /// The value of `chatty/service` that says that the server relays files on that port, and over its TCP port (``TransferSignal/Verb/relay``).
    public static let relayService = "relay"

    /// Name on the wire, flag, value in `CAP LS 302`.
    public static let all: [(name: String, flag: Capability, value: String?)] = [
        ("sasl", .sasl, "PLAIN"),
        ("message-tags", .messageTags, nil),
        ("server-time", .serverTime, nil),
        ("echo-message", .echoMessage, nil),
        ("labeled-response", .labeledResponse, nil),
        ("batch", .batch, nil),
        ("standard-replies", .standardReplies, nil),
        ("cap-notify", .capNotify, nil),
        ("account-tag", .accountTag, nil),
        ("extended-join", .extendedJoin, nil),
        ("away-notify", .awayNotify, nil),
        ("multi-prefix", .multiPrefix, nil),
        ("userhost-in-names", .userhostInNames, nil),
        ("draft/chathistory", .chatHistory, nil),
        ("draft/read-marker", .readMarker, nil),
        ("chatty/service", .chatty, nil),
    ]

    public static func named(_ name: String) -> Capability? { all.first { $0.name == name }?.flag }
    public var names: [String] { Capability.all.filter { contains($0.flag) }.map(\.name) }
}
