import ChatHub
import ChatProtocol
import ChatStore
import DequeModule
import FoundationEssentials

/// The codec of IRC clients and of `chatty connect`. Registration and log-in are here, commands in `IRCCodec+Commands`, output in
/// `IRCCodec+Encoding` and `IRCCodec+Replies`.
///
/// Sources: RFC 2812, modern.ircdocs.horse, IRCv3 capability-negotiation, sasl-3.2, labeled-response, echo-message, standard-replies.
public struct IRCCodec: Codec {
    /// The command to which an answer of the hub belongs. The hub answers the commands of a session in order, each once.
    enum Expectation: Sendable {
        /// `NICK` before log-in: the check of a name.
        case name
        case sasl
        /// `PASS`.
        case password
        /// `CAP END`, or NICK and USER without capabilities. Its answer completes the registration.
        case registration
        /// A command with this name, which standard replies repeat.
        case command(String)
        /// `CHATHISTORY` with its subcommand and target.
        case history(kind: String, target: String)
        /// A query about one group, and the form of its answer.
        case roster(RosterUse, asked: String)
        /// An answer that is known already and waits for its turn.
        case ready([IRCMessage])
        /// `LIST` of these groups (folded names); of all if the set is empty.
        case list(only: Set<String>)
        /// One of the commands of a labelled line. Their answers are joined into one.
        indirect case part(Expectation, label: String, isLast: Bool)
    }

    enum RosterUse: String, Sendable {
        case names, who, mode, topic, members

        var command: String { rawValue.uppercased() }
    }

    public static let maximumLine = Limits.longestLine
    static let serverName = "chatty"

    var capabilities: Capability = []
    /// Whether the client understands values of capabilities (`CAP LS 302`).
    var knowsCapabilityValues = false
    private let services: [String]
    private var isNegotiating = false
    /// The nick that the client gave; after log-in the account's name.
    var nick = "*"
    private var hasUser = false
    private var pass: String?
    private var sasl: [UInt8]?
    /// The last message that this client has shown over an earlier connection.
    private var shown: MessageID?
    /// The client's own id, by which it is known again after a lost connection.
    private var client: String?
    private(set) var account: String?
    var isRegistered = false
    private var askedForRegistration = false
    var expectations: Deque<Expectation> = []
    var lastBatch = 0
    /// The answers so far to the commands of one labelled line.
    var gathered: [IRCMessage] = []
    /// Whether a password is being checked. The meaning of the next line depends on the result.
    var isAuthenticating = false

    /// - Parameter services: what the server does on the UDP port with the number of its TCP port, such as ``Capability/stunService``; clients
    ///   are told by the value of `chatty/service`.
    public init(services: [String] = []) { self.services = services }

    public var representation: Representation { .irc(capabilities) }

    public mutating func greeting() -> [UInt8] { [] }

    public var acceptsLines: Bool { !isAuthenticating }

    public mutating func decode(_ line: LineDecoder.Line) -> [CodecStep] {
        switch line {
        case .tooLong(let beginning): return refuse(.lineTooLong(limit: Limits.lineBytes), label: label(ofUnread: beginning))
        case .line(let bytes):
            do throws(IRCMessage.Defect) {
                let message = try IRCMessage(parsing: bytes, tagLimit: Limits.clientTagBytes)
                return isRegistered ? receiveRegistered(message) : acknowledged(receiveUnregistered(message), label(of: message))
            } catch {
                return refuse(error, bytes)
            }
        }
    }

    /// Adds an ACK to a labelled line that has no answer (IRCv3 labeled-response).
    private mutating func acknowledged(_ steps: [CodecStep], _ label: String?) -> [CodecStep] {
        guard steps.isEmpty, let label else { return steps }
        return [.write(labeled([], label))]
    }

    private mutating func refuse(_ defect: IRCMessage.Defect, _ bytes: [UInt8]) -> [CodecStep] {
        let label = label(ofUnread: bytes)
        switch defect {
        case .empty: return []
        case .notUTF8: return goOnRegistering(bytes, label) ?? refuse(.notUTF8, label: label)
        case .tagsTooLong: return refuse(.lineTooLong(limit: Limits.clientTagBytes), label: label)
        case .bodyTooLong: return refuse(.lineTooLong(limit: Limits.lineBytes), label: label)
        case .forbiddenByte: return goOnRegistering(bytes, label) ?? refuse(.forbiddenByte, label: label)
        case .badCommand:
            let word = String(decoding: IRCCodec.word(of: IRCCodec.rest(of: bytes)).prefix(32), as: UTF8.self)
            return refuse(.unknownCommand(SafeText.shown(word, isolates: false)), label: label)
        }
    }

    private mutating func refuse(_ reply: Reply, label: String?) -> [CodecStep] {
        guard isRegistered else { return write(replies(reply, to: "*"), label: label) }
        return command("*", .malformed(nil, reply), label: label)
    }

    /// Handles USER and NICK of a registration whose line cannot be decoded: some clients send their user's name in Latin-1. The parameters of
    /// USER are not used.
    /// - Returns: nil for any other line.
    private mutating func goOnRegistering(_ line: [UInt8], _ label: String?) -> [CodecStep]? {
        guard !isRegistered else { return nil }
        switch String(decoding: IRCCodec.rest(of: line).prefix(while: Name.isLetter), as: UTF8.self).asciiUppercased {
        case "USER":
            hasUser = true
            return acknowledged(registerIfReady(label), label)
        case "NICK": return write([numeric("432", "*", IRCCodec.erroneousNick)], label: label)
        default: return nil
        }
    }

    /// Passes a command to the hub, and records what its answer belongs to.
    mutating func command(_ name: String, _ command: Command, label: String?) -> [CodecStep] {
        expect(.command(name), command, label: label)
    }

    mutating func expect(_ expectation: Expectation, _ command: Command, label: String?) -> [CodecStep] {
        expectations.append(expectation)
        return [.command(command, label: label)]
    }

    // Registration.

    private mutating func receiveUnregistered(_ message: IRCMessage) -> [CodecStep] {
        let label = label(of: message)
        let first = message.parameters.first
        switch message.command {
        case "CAP": return negotiate(message, label: label)
        case "PASS":
            pass = message.parameters.last
            return []
        case "NICK":
            guard let name = first, !name.isEmpty else { return write([numeric("431", "No nickname given")], label: label) }
            guard capabilities.contains(.chatty) || IRCCodec.isNick(name) else {
                let shown = name.begins(with: ":") ? "*" : SafeText.shown(SafeText.beginning(of: name), isolates: false)
                return write([numeric("432", shown, IRCCodec.erroneousNick)], label: label)
            }
            // After log-in the nick is the account's name, which 001 tells the client: irssi sends NICK only after SASL.
            if account == nil { nick = SafeText.shown(SafeText.beginning(of: name), isolates: false) }
            if capabilities.contains(.chatty) { return expect(.name, .identify(name: name), label: label) }
            return registerIfReady(label)
        case "USER":
            hasUser = true
            return registerIfReady(label)
        case "AUTHENTICATE":
            guard let data = first else { return write([numeric("461", "AUTHENTICATE", "Not enough parameters")], label: label) }
            return authenticate(data, label: label)
        case "PING": return write([pong(message)], label: label)
        case "PONG": return []
        case "SEEN":
            if let message = first.flatMap({ MessageID($0) }) { shown = message }
            if message.parameters.count > 1, message.parameters[1].utf8.count <= IRCCodec.maximumClient { client = message.parameters[1] }
            return []
        case "QUIT": return expect(.command("QUIT"), .logOut, label: label)
        default: return write([numeric("451", "You have not registered")], label: label)
        }
    }

    /// The longest id of a client, in bytes.
    private static let maximumClient = 64

    private mutating func registerIfReady(_ label: String?) -> [CodecStep] {
        guard !isNegotiating, !askedForRegistration, hasUser, nick != "*" else { return [] }
        askedForRegistration = true
        let isOurs = capabilities.contains(.chatty)
        let begin = Command.begin(
            replayStart, client: isOurs ? client : nil, takesFiles: isOurs, watchesPresence: capabilities.contains(.awayNotify))
        defer { pass = nil }
        guard account == nil, let pass else { return expect(.registration, begin, label: label) }
        // The line has two commands, whose answers are one.
        let logIn = Command.logInByPass(nick: nick, pass)
        guard let label else { return expect(.password, logIn, label: nil) + expect(.registration, begin, label: nil) }
        return expect(.part(.password, label: label, isLast: false), logIn, label: nil)
            + expect(.part(.registration, label: label, isLast: true), begin, label: nil)
    }

    private static let erroneousNick = "Erroneous nickname"

    /// Whether a client may use this nick until it has logged in: it has no character with another meaning in the place of a nick.
    private static func isNick(_ name: String) -> Bool {
        guard let first = name.utf8.first, ![UInt8(ascii: "#"), UInt8(ascii: ":"), UInt8(ascii: "$")].contains(first) else { return false }
        return !name.utf8.contains { $0 <= 0x20 || $0 == 0x7F || [0x21, 0x2A, 0x2C, 0x3F, 0x40].contains($0) }
    }

    /// A client with `draft/chathistory` fetches missed messages itself. chatty connect receives them from the server, after its last message.
    private var replayStart: Command.ReplayStart {
        if capabilities.contains(.chatty) { return shown.map { .after($0) } ?? .whereItLeftOff }
        return capabilities.contains(.chatHistory) ? .nowhere : .whereItLeftOff
    }

    mutating func negotiate(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let words = message.parameters.dropFirst()
        switch message.parameters.first?.asciiUppercased {
        case "LS":
            if !isRegistered { isNegotiating = true }
            if let version = words.first.flatMap({ Int($0) }), version >= 302 { knowsCapabilityValues = true }
            let list = Capability.all.map { item in
                let value = item.flag == .chatty && !services.isEmpty ? services.joined(separator: ",") : item.value
                return knowsCapabilityValues ? value.map { "\(item.name)=\($0)" } ?? item.name : item.name
            }
            return write([reply("CAP", nick, "LS", list.joined(separator: " "))], label: label)
        case "LIST":
            return write([reply("CAP", nick, "LIST", capabilities.names.joined(separator: " "))], label: label)
        case "REQ":
            if !isRegistered { isNegotiating = true }
            let asked = words.last ?? ""
            var wanted = capabilities
            for word in asked.pieces(between: " ") {
                let unwanted = word.rest(behind: "-")
                guard let flag = Capability.named(unwanted ?? word) else {
                    return write([reply("CAP", nick, "NAK", asked)], label: label)
                }
                if unwanted == nil { wanted.insert(flag) } else { wanted.remove(flag) }
            }
            let watchesPresence = wanted.contains(.awayNotify)
            let changesPresence = watchesPresence != capabilities.contains(.awayNotify)
            capabilities = wanted
            let acknowledged = [reply("CAP", nick, "ACK", asked)]
            guard isRegistered || askedForRegistration, changesPresence else { return write(acknowledged, label: label) }
            return expect(.ready(acknowledged), .watchPresence(watchesPresence), label: label)
        case "END":
            isNegotiating = false
            return isRegistered ? [] : registerIfReady(label)
        default:
            return write([numeric("410", message.parameters.first ?? "*", "Invalid CAP command")], label: label)
        }
    }

    // SASL PLAIN (RFC 4616, IRCv3 sasl-3.2).

    private mutating func authenticate(_ data: String, label: String?) -> [CodecStep] {
        guard account == nil else { return write([numeric("907", "You have already authenticated")], label: label) }
        guard var collected = sasl else {
            if data == "*" { return write([numeric("906", "SASL authentication aborted")], label: label) }
            guard data.asciiUppercased == "PLAIN" else {
                return write(
                    [numeric("908", "PLAIN", "are the available SASL mechanisms"), numeric("904", "SASL authentication failed")],
                    label: label)
            }
            sasl = []
            return write([reply("AUTHENTICATE", "+", source: false)], label: label)
        }
        if data == "*" {
            sasl = nil
            return write([numeric("906", "SASL authentication aborted")], label: label)
        }
        guard data.utf8.count <= 400, collected.count + data.utf8.count <= 2400 else {
            sasl = nil
            return write([numeric("905", "SASL message too long")], label: label)
        }
        if data != "+" { collected += Array(data.utf8) }
        if data.utf8.count == 400 {
            sasl = collected
            return []
        }
        sasl = nil
        guard let parts = IRCCodec.plainParts(collected), parts[0].isEmpty || Name.fold(parts[0]).isSame(as: Name.fold(parts[1])),
            parts[2].utf8.count <= Limits.passwordBytes
        else { return write([numeric("904", "SASL authentication failed")], label: label) }
        isAuthenticating = true
        return expect(.sasl, .logIn(name: parts[1], password: parts[2], begins: false), label: label)
    }

    /// The three texts between NULs of a base64 message (RFC 4616 §2).
    static func plainParts(_ encoded: [UInt8]) -> [String]? {
        guard let data = Data(base64Encoded: Data(encoded)) else { return nil }
        let parts = Array(data).split(separator: 0, omittingEmptySubsequences: false).map { String(validating: $0, as: UTF8.self) }
        let texts = parts.compactMap(\.self)
        return parts.count == 3 && texts.count == 3 ? texts : nil
    }

    /// Records a successful log-in.
    mutating func recordLogIn(as name: String) {
        account = name
        nick = name
        pass = nil
    }

    /// The label of a message; nil without the capability, and for one of an invalid length.
    func label(of message: IRCMessage) -> String? {
        guard capabilities.contains(.labeledResponse), let label = message.tag("label"), (1...Limits.labelBytes).contains(label.utf8.count)
        else { return nil }
        return label
    }

    /// The label of a line that cannot be decoded, for the error that answers it.
    private func label(ofUnread line: [UInt8]) -> String? {
        guard line.first == UInt8(ascii: "@"), let end = line.firstIndex(of: 0x20) else { return nil }
        let item = line[1..<end].split(separator: UInt8(ascii: ";")).last { $0.starts(with: "label=".utf8) }
        return item.flatMap { try? IRCMessage(parsing: Array("@".utf8) + $0 + Array(" X".utf8)) }.flatMap { label(of: $0) }
    }

    mutating func write(_ messages: [IRCMessage], label: String? = nil) -> [CodecStep] {
        [.write(label.map { labeled(messages, $0) } ?? bytes(messages))]
    }
}
