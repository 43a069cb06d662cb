import ChatProtocol

/// Formats what the console shows: for people at a terminal, plainly for pipes and scripts, or as JSON for programs.
///
/// All foreign text passes ``SafeText`` here, in every form.
public struct ConsoleFormatter: Sendable {
    public enum Kind: Sendable, Equatable {
        case terminal(colours: Bool)
        case plain
        case json
    }

    public let kind: Kind
    /// Returns the text that replaces an answer where only answers are wanted; nil shows nothing.
    public typealias Answers = @Sendable (Reply) -> String?
    private let answers: Answers?
    private let clock: LocalTime.Clock
    /// The day of the message shown last.
    private var day: String?

    /// - Parameter now: the start of the program; no date line is shown for its day.
    public init(_ kind: Kind, clock: @escaping LocalTime.Clock = LocalTime.system, now: Timestamp? = nil, answers: Answers? = nil) {
        self.kind = kind
        self.answers = answers
        self.clock = clock
        day = now.map { clock($0).date }
    }

    var isTerminal: Bool { if case .terminal = kind { true } else { false } }

    /// Formats a message; on a terminal, a line with the date precedes the first one of another day.
    mutating func message(_ message: ReceivedMessage) -> String {
        let isGroup = if case .group = message.conversation { true } else { false }
        switch kind {
        case .json:
            let (to, group): (String?, String?) =
                switch message.conversation {
                case .user(let other): (message.isOwn ? other : nil, nil)
                case .group(let name): (nil, name)
                }
            return JSONLine.of([
                "event": .text(EventKind.message.rawValue), "time": .text(message.time.iso8601),
                "id": message.id.map { .text($0.description) },
                "from": .text(message.from), "to": to.map { .text($0) }, "group": group.map { .text($0) }, "text": .text(message.text),
            ])
        case .plain:
            switch message.conversation {
            case .user(let other) where message.isOwn:
                return "\(message.time) \(safe(message.from)) to \(safe(other)): \(safe(message.text))"
            case .user: return Notice.direct(from: safe(message.from), at: message.time, text: message.text)
            case .group(let group): return Notice.toGroup(safe(group), from: safe(message.from), at: message.time, text: message.text)
            }
        case .terminal:
            let local = clock(message.time)
            let place: String =
                switch message.conversation {
                case .user(let other): message.isOwn ? " → " + coloured(other) : ""
                case .group: ""
                }
            let group = if case .group(let name) = message.conversation { "#" + safe(name) + " " } else { "" }
            let line =
                "\(begin(message.time))\(dim(local.time)) \(isGroup ? group : "")\(coloured(message.from))\(place): \(safe(message.text))"
            return line
        }
    }

    /// Formats a reply of the server to a command; nil if it is not to be shown.
    mutating func answer(_ notice: ServerNotice) -> String? {
        guard let answers, let reply = notice.reply, !notice.isFailure else { return self.notice(notice) }
        return answers(reply)
    }

    /// Formats a reply or a notice of the server; on a terminal, a line with the date precedes the first one of another day.
    mutating func notice(_ notice: ServerNotice) -> String {
        switch kind {
        case .json:
            return JSONLine.of([
                "event": .text((notice.isFailure ? EventKind.error : .reply).rawValue), "code": notice.reply.map { .text($0.code) },
                "context": notice.reply.flatMap { $0.context.isEmpty ? nil : .list($0.context) }, "text": .text(notice.text),
                "time": time(notice.reply).map { .text($0.iso8601) },
            ])
        case .plain: return safe(notice.text)
        case .terminal:
            switch notice.reply {
            case .sent(let name, let time): return begin(time) + "Message to \(safe(name)) sent at \(clock(time).time)."
            case .sentToGroup(let name, let time):
                return begin(time) + "Message to the group chat \(safe(name)) sent at \(clock(time).time)."
            case .activeUser(let name, let since, let isAway):
                return "\(coloured(name)), active since \(moment(since))\(isAway ? ", away" : "")"
            case .away(let name, let text): return "\(coloured(name)) is away: \(safe(text))"
            default: return notice.isFailure ? failed(safe(notice.text)) : safe(notice.text)
            }
        }
    }

    /// The line with the date if it differs from that of the text shown last; else empty.
    private mutating func begin(_ time: Timestamp) -> String {
        let date = clock(time).date
        defer { day = date }
        return date == day ? "" : dim("--- \(date) ---") + "\n"
    }

    /// The line before the first unread message.
    var unreadMark: String { dim("--- unread ---") }

    private func time(_ reply: Reply?) -> Timestamp? {
        switch reply {
        case .sent(_, let time), .sentToGroup(_, let time), .activeUser(_, let time, _): time
        default: nil
        }
    }

    /// The time, with its date unless that is the day shown last.
    private func moment(_ time: Timestamp) -> String {
        let local = clock(time)
        return local.date == day ? local.time : local.date + " " + local.time
    }

    func joined(_ user: String, _ group: String) -> String {
        event(.joined, Notice.joined(user: safe(user), group: safe(group)), user: user, group: group)
    }

    func left(_ user: String, _ group: String) -> String {
        event(.left, Notice.left(user: safe(user), group: safe(group)), user: user, group: group)
    }

    func invited(by user: String, _ group: String) -> String {
        event(.invited, Notice.invited(by: safe(user), group: safe(group)), user: user, group: group)
    }

    /// Formats the message of the day; nil in the plain form, in which a script finds only answers and messages.
    func messageOfTheDay(_ lines: [String]) -> String? {
        switch kind {
        case .json: own(.motd, lines.joined(separator: "\n"))
        case .terminal: lines.map(safe).joined(separator: "\n")
        case .plain: nil
        }
    }

    /// Formats a text of this client itself: about its connection, a transfer, or a command that only the client knows.
    func own(_ kind: EventKind, _ text: String, isFailure: Bool = false) -> String {
        guard self.kind == .json else { return isFailure ? failed(safe(text)) : safe(text) }
        return JSONLine.of(["event": .text(kind.rawValue), "text": .text(text)])
    }

    /// Formats a text about a transfer.
    /// - Parameters:
    ///   - path: the path of a received file.
    ///   - verification: the number that both sides can compare.
    func transfer(
        _ kind: EventKind, _ text: String, _ transfer: TransferTable.Transfer, path: String? = nil, verification: String? = nil,
        isFailure: Bool = false
    ) -> String {
        guard self.kind == .json else { return own(kind, text, isFailure: isFailure) }
        let done: Int64? = if case .running(let done, _, _) = transfer.state { done } else { nil }
        return JSONLine.of([
            "event": .text(kind.rawValue), "number": .number(Int64(transfer.number)),
            transfer.isOutgoing ? "to" : "from": .text(transfer.peer),
            "name": .text(transfer.name), "size": .number(transfer.size), "done": done.map { .number($0) },
            "way": transfer.wayName.map { .text($0) }, "path": path.map { .text($0) },
            "verification": verification.map { .text($0) }, "text": .text(text),
        ])
    }

    private func event(_ kind: EventKind, _ text: String, user: String, group: String) -> String {
        guard self.kind == .json else { return text }
        return JSONLine.of(["event": .text(kind.rawValue), "user": .text(user), "group": .text(group)])
    }

    /// Makes foreign text safe for a terminal. On a terminal, tabs become spaces.
    func safe(_ text: String) -> String {
        let safe = SafeText.shown(text, isolates: isTerminal)
        return isTerminal && safe.utf8.contains(0x09) ? String(safe.map { $0 == "\t" ? " " : $0 }) : safe
    }

    private func failed(_ text: String) -> String { paint(text, "31") }
    func dim(_ text: String) -> String { paint(text, "2") }

    /// A name in a colour that depends on the name only.
    private func coloured(_ name: String) -> String {
        // FNV-1a (Fowler, Noll, Vo), 32 bits.
        let hash = Name.fold(name).utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let palette = ["32", "33", "34", "35", "36", "92", "93", "94", "95", "96"]
        return paint(safe(name), palette[Int(hash % UInt32(palette.count))])
    }

    private func paint(_ text: String, _ code: String) -> String {
        kind == .terminal(colours: true) ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
