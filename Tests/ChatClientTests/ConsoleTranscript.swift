import ChatProtocol

@testable import ChatClient

/// Runs a console against a script: inputs go in, and its effects come out as lines that can be read and compared.
///
/// `| LINE` is shown, `! LINE` is a complaint, `? PROMPT` is a prompt; all others are for the session, the transfers or the main loop.
struct ConsoleTranscript {
    var console: Console

    init(_ kind: ConsoleFormatter.Kind = .terminal(colours: false), _ change: (inout Console.Configuration) -> Void = { _ in }) {
        var configuration = Console.Configuration()
        configuration.isInteractive = kind != .plain && kind != .json
        configuration.bell = .off
        change(&configuration)
        // UTC+2, without summer time.
        let clock: LocalTime.Clock = { moment in
            let text = moment.adding(milliseconds: 7_200_000).description
            return LocalTime(date: String(text.prefix(10)), time: String(text.dropFirst(11).prefix(5)))
        }
        console = Console(configuration, formatter: ConsoleFormatter(kind, clock: clock, now: Timestamp(iso8601: "2026-01-31T10:00:00Z")))
    }

    mutating func give(_ input: ConsoleInput) -> [String] { console.handle(input).map(ConsoleTranscript.show) }
    mutating func type(_ line: String) -> [String] { give(.line(line)) }
    mutating func client(_ event: ClientEvent) -> [String] { give(.client(event)) }
    mutating func logInReply(_ reply: Reply) -> [String] { client(.logInReply(ServerNotice(reply))) }

    /// Logs in, from the start to the first command; other tests check the output of that.
    mutating func logIn(as name: String = "yoda") {
        _ = client(.connected)
        _ = give(.listening(port: 9999))
        _ = client(.askName)
        _ = type(name)
        _ = client(.askPassword(name: name))
        _ = type("secret")
        _ = client(.loggedIn(name: name, again: false))
    }

    mutating func answer(_ id: UInt64, _ replies: Reply...) -> [String] {
        client(.answered(RequestID(rawValue: id), Answer(replies.map(ServerNotice.init))))
    }

    mutating func message(_ from: String, _ text: String, at time: String = "2026-01-31T10:34:56Z", group: String? = nil) -> [String] {
        client(
            .message(
                ReceivedMessage(
                    id: nil, time: Timestamp(iso8601: time) ?? Timestamp(milliseconds: 0), from: from,
                    conversation: group.map { .group($0) } ?? .user(from), text: text, isOwn: false)))
    }

    static func show(_ effect: ConsoleEffect) -> String {
        switch effect {
        case .show(let text): "| " + text
        case .complain(let text): "! " + text
        case .prompt(.none): "?"
        case .prompt(.line(let text)), .prompt(.command(let text)): "? " + text
        case .prompt(.secret(let text)): "? " + text + "(hidden)"
        case .bell: "bell"
        case .session(.name(let name)): "name " + name
        case .session(.password(let password)): "password " + password
        case .session(.abandon): "abandon"
        case .session(.request(let id, let request)): "\(id.rawValue) " + String(decoding: request.line.encoded.dropLast(2), as: UTF8.self)
        case .session(let input): "\(input)"
        case .answerUnknownServer(_, let isRight): "the key is \(isRight ? "right" : "wrong")"
        case .listen: "listen"
        case .useHistory(let account): "history of \(account)"
        case .storeIgnored(let names): "ignored: " + names.joined(separator: " ")
        case .transfer(let command): "transfer \(command)"
        case .leave(let status): "leave \(status)"
        }
    }
}
