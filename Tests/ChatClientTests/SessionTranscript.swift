import ChatProtocol

@testable import ChatClient

/// Runs a client session against a script: inputs go in, and its outputs come out as lines that can be read and compared.
///
/// `> LINE` is sent to the server, `connect` and `disconnect` are for the driver, everything else is an event.
struct SessionTranscript {
    var session: ClientSession
    var now: Int64 = 1000

    init(_ change: (inout ClientSession.Configuration) -> Void = { _ in }) {
        var configuration = ClientSession.Configuration()
        configuration.labelPrefix = "t"
        change(&configuration)
        session = ClientSession(configuration)
    }

    mutating func give(_ input: ClientSession.Input) -> [String] { session.handle(input, at: now).map(SessionTranscript.show) }

    /// Passes in lines of the server; returns all outputs.
    mutating func server(_ lines: String...) -> [String] { lines.flatMap { give(.received(.line(Array($0.utf8)))) } }

    mutating func ask(_ id: UInt64, _ request: ClientRequest) -> [String] { give(.request(RequestID(rawValue: id), request)) }

    /// Advances the time to the next timeout, which must exist.
    mutating func wait() -> [String] {
        guard let next = session.nextTimeout else { return ["nothing to wait for"] }
        now = max(now, next)
        return give(.timer)
    }

    static let offer =
        ":chatty CAP * LS :sasl=PLAIN message-tags server-time echo-message labeled-response batch standard-replies chatty/service"
    static let taken = ":chatty CAP * ACK :all"

    /// Logs in, from the start to the welcome, without checks; tests are about the outputs after that.
    mutating func logIn(as name: String = "yoda") {
        _ = give(.start)
        _ = give(.connected)
        _ = server(SessionTranscript.offer, SessionTranscript.taken)
        _ = give(.name(name))
        _ = server("@label=tname :chatty ACK")
        _ = give(.password("secret"))
        enter(as: name)
    }

    /// Answers a log-in in which the session sends name and password by itself.
    mutating func enter(as name: String = "yoda") {
        _ = server("AUTHENTICATE +", ":chatty 900 * * \(name) :in", ":chatty 903 * :ok", ":chatty 001 \(name) :Welcome")
    }

    static func show(_ output: ClientSession.Output) -> String {
        switch output {
        case .connect: "connect"
        case .disconnect: "disconnect"
        case .send(let message): "> " + String(decoding: message.encoded.dropLast(2), as: UTF8.self)
        case .event(let event): show(event)
        }
    }

    static func show(_ event: ClientEvent) -> String {
        switch event {
        case .unknownServer(let certificate): "unknown: \(certificate.fingerprint)"
        case .remark(let text): "noted: \(text)"
        case .connected: "connected"
        case .services(let services, let address): "services: \(services.joined(separator: " ")) at \(address ?? "?")"
        case .askName: "name?"
        case .askPassword(let name): "password of \(name)?"
        case .logInReply(let notice): "said: \(notice.text)"
        case .logInFailed(let blocked): blocked ? "log-in failed, blocked" : "log-in failed"
        case .loggedIn(let name, let again): "in as \(name)\(again ? " again" : "")"
        case .answered(let id, let answer):
            "\(id.rawValue) \(answer.isFailure ? "failed" : "done"): " + answer.notices.map(\.text).joined(separator: " | ")
        case .message(let message):
            "message \(message.time) \(message.from) \(message.isOwn ? "(own) " : "")in \(message.conversation): \(message.text)"
        case .seen(let user): "seen \(user)"
        case .names(let group, let users): "#\(group): \(users.joined(separator: " "))"
        case .memberJoined(let user, let group): "\(user) joined \(group)"
        case .memberLeft(let user, let group): "\(user) left \(group)"
        case .invited(let by, let group): "\(by) invites to \(group)"
        case .signal(let from, let to, let signal): "signal \(from) to \(to): \(signal.verb.rawValue) \(signal.id) \(signal.payload)"
        case .messageOfTheDay(let lines): "motd: " + lines.joined(separator: " | ")
        case .notice(let notice): "told: \(notice.text)"
        case .connectionLost: "lost"
        case .ended(let ending): "ended: \(ending)"
        }
    }
}
