import ChatHub
import ChatProtocol
import ChatStore

/// The plain-text codec: prompts, slash commands, and lines to read. `nc` is enough.
///
/// A connection that is silent at first gets this codec, and a slow IRC client may be silent too. If a line at the name prompt begins an IRC
/// registration, the session continues in IRC: a password in that line is not taken for a name.
public struct TextCodec: Codec {
    private enum State: Equatable {
        case name
        /// The name is being checked. Further lines wait.
        case checkingName
        case password(name: String)
        case checkingPassword
        case active
    }

    /// The limit of IRC, because a line may begin an IRC session.
    public static let maximumLine = IRCCodec.maximumLine
    /// The longest line of plain text: a command with a message of full length, or a group with all its members.
    static let maximumText = Limits.lineBytes

    private var state = State.name
    /// The codec that takes over if the session turns out to be IRC.
    private var irc: IRCCodec?

    private let services: [String]

    /// - Parameter services: see ``IRCCodec/init(services:)``.
    public init(services: [String] = []) { self.services = services }

    public var representation: Representation { irc?.representation ?? .text }

    public mutating func greeting() -> [UInt8] { Array(Texts.usernamePrompt.utf8) }

    public var acceptsLines: Bool { irc?.acceptsLines ?? (state != .checkingName && state != .checkingPassword) }

    public mutating func decode(_ line: LineDecoder.Line) -> [CodecStep] {
        if irc != nil { return irc?.decode(line) ?? [] }
        let text: String
        switch line {
        case .tooLong: return refuse(.lineTooLong(limit: TextCodec.maximumText))
        case .line(let bytes):
            if state == .name, let opening = IRCCodec.opening(bytes) { return goOnAsIRC(opening) }
            guard bytes.count <= TextCodec.maximumText else { return refuse(.lineTooLong(limit: TextCodec.maximumText)) }
            guard let valid = String(validating: bytes, as: UTF8.self) else { return refuse(.notUTF8) }
            // As in IRC (RFC 2812 §2.3.1).
            guard !bytes.contains(0), !bytes.contains(0x0D) else { return refuse(.forbiddenByte) }
            text = valid
        }
        switch state {
        case .name:
            let name = text.withoutSpacesAround
            guard !name.isEmpty else { return [.write(greeting())] }
            state = .checkingName
            return [.command(.identify(name: name), label: nil)]
        case .password(let name):
            state = .checkingPassword
            return [.command(.logIn(name: name, password: text, begins: true), label: nil)]
        case .active:
            guard !text.withoutSpacesAround.isEmpty else { return [] }
            do throws(SlashCommand.Defect) {
                return [.command(TextCodec.command(try SlashCommand(text, client: false)), label: nil)]
            } catch {
                return [.command(TextCodec.malformed(error), label: nil)]
            }
        case .checkingName, .checkingPassword:
            return []
        }
    }

    /// Ends the prompt's line, which IRC clients ignore, and continues in IRC.
    private mutating func goOnAsIRC(_ line: [UInt8]) -> [CodecStep] {
        var irc = IRCCodec(services: services)
        let steps = irc.decode(.line(line))
        self.irc = irc
        return [.write([0x0D, 0x0A])] + steps
    }

    /// Refuses a line that cannot be decoded: after log-in in its turn, before log-in with a new prompt.
    private mutating func refuse(_ reply: Reply) -> [CodecStep] {
        guard state != .active else { return [.command(.malformed(nil, reply), label: nil)] }
        state = .name
        return [.write(Array((reply.text + "\n" + Texts.usernamePrompt).utf8))]
    }

    private static func command(_ command: SlashCommand) -> Command {
        switch command {
        case .message(let user, let text): .message(to: user, text: text, isNotice: false)
        case .activeUsers: .listActive
        case .createGroup(let group, let members): .createGroup(name: group, members: members)
        case .joinGroup(let group): .joinGroup(name: group, createsMissing: false)
        case .groupMessage(let group, let text): .groupMessage(group: group, text: text, isNotice: false)
        case .sendFile: .malformed(.p2pvideo, .needsClient)
        case .logOut: .logOut
        case .help(let topic): .help(topic)
        case .groups: .listGroups(quietly: false)
        case .members(let group): .listMembers(group: group)
        case .invite(let group, let user): .invite(user: user, group: group)
        case .leaveGroup(let group): .leaveGroup(name: group)
        case .history(let with?, let count):
            .history(
                with: with.rest(behind: "#").map { .group($0) } ?? .user(with), HistoryRange(takesLatest: true, limit: count))
        case .history: .malformed(.history, .usage(.history))
        case .search(let words): .search(words: words, limit: HistoryRange.maximum)
        case .changePassword: .malformed(.passwd, .needsClient)
        case .accept: .malformed(.accept, .needsClient)
        case .decline: .malformed(.decline, .needsClient)
        case .cancel: .malformed(.cancel, .needsClient)
        case .transfers: .malformed(.transfers, .needsClient)
        case .talk: .malformed(.talk, .needsClient)
        case .reply: .malformed(.reply, .needsClient)
        case .action: .malformed(.me, .needsClient)
        case .away(let text): .away(text)
        case .ignore: .malformed(.ignore, .needsClient)
        case .unignore: .malformed(.unignore, .needsClient)
        case .verify: .malformed(.verify, .needsClient)
        }
    }

    private static func malformed(_ defect: SlashCommand.Defect) -> Command {
        switch defect {
        case .notACommand: .malformed(nil, .notACommand)
        case .unknown(let word): .malformed(nil, .unknownCommand(SafeText.shown(word)))
        case .usage(let kind): .malformed(kind, .usage(kind))
        }
    }

    public mutating func answer(_ response: [Outgoing], label: String?) -> [CodecStep] {
        if irc != nil { return irc?.answer(response, label: label) ?? [] }
        var text = ""
        switch state {
        case .checkingName:
            state = .name
            for case .askPassword(let name) in response { state = .password(name: name) }
            text = lines(response) + (state == .name ? Texts.usernamePrompt : Texts.passwordPrompt)
        case .checkingPassword:
            state = .name
            if case .loggedIn? = response.first { state = .active }
            text = lines(response) + (state == .name ? Texts.usernamePrompt : Texts.commandsPrompt + "\n")
        case .name, .password, .active:
            text = lines(response)
        }
        return text.isEmpty ? [] : [.write(Array(text.utf8))]
    }

    public mutating func encode(_ outgoing: Outgoing, into sink: inout some ByteSink) {
        if irc != nil { irc?.encode(outgoing, into: &sink) } else { sink.append(contentsOf: TextCodec.text(outgoing).utf8) }
    }

    private func lines(_ response: [Outgoing]) -> String { response.reduce(into: "") { $0 += TextCodec.text($1) } }

    private static func text(_ outgoing: Outgoing) -> String {
        switch outgoing {
        case .reply(let reply), .farewell(let reply): SafeText.shown(reply.text, isolates: false) + "\n"
        case .loggedIn(let name): Reply.welcome(name: name).text + "\n"
        case .accepted(let message): accepted(message).text + "\n"
        case .message(let message): line(message) + "\n"
        case .memberJoined(let user, let group): Notice.joined(user: user, group: group) + "\n"
        case .memberLeft(let user, let group): Notice.left(user: user, group: group) + "\n"
        case .invitation(let by, _, let group): Notice.invited(by: by, group: group) + "\n"
        case .signal(let from, _, let signal): signal.verb == .offer ? Notice.offeredToText(by: from) + "\n" : ""
        case .history(_, let messages): messages.map { line($0) + "\n" }.joined()
        case .members(let roster): roster.members.map { Reply.member($0.name, active: $0.isActive).text + "\n" }.joined()
        case .help(let topic): (topic.map { Texts.help(on: $0, client: false) } ?? Texts.help(client: false)).joined(separator: "\n") + "\n"
        case .messageOfTheDay(let lines): lines.map { SafeText.shown($0, isolates: false) + "\n" }.joined()
        case .tags, .askPassword, .entered, .users, .away, .historyTargets, .readMarker: ""
        }
    }

    private static func accepted(_ message: ChatMessage) -> Reply {
        switch message.target {
        case .user(_, let name): .sent(to: name.text, at: message.time)
        case .group(_, let name): .sentToGroup(name.text, at: message.time)
        }
    }

    private static func line(_ message: ChatMessage) -> String {
        switch message.target {
        case .user: Notice.direct(from: message.senderName.text, at: message.time, text: message.text)
        case .group(_, let group): Notice.toGroup(group.text, from: message.senderName.text, at: message.time, text: message.text)
        }
    }
}
