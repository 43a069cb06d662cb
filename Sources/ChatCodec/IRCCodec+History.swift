import ChatHub
import ChatProtocol
import ChatStore

// Stored messages and read markers: IRCv3 draft/chathistory and draft/read-marker.

extension IRCCodec {
    /// `CHATHISTORY LATEST|BEFORE|AFTER|AROUND target bound limit`, `BETWEEN target bound bound limit`, `TARGETS bound bound limit`.
    mutating func history(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let words = message.parameters
        let kind = words.first?.asciiUppercased ?? "*"
        func refused(_ text: String) -> [IRCMessage] { [reply("FAIL", "CHATHISTORY", "INVALID_PARAMS", kind, text)] }
        let counts = ["LATEST": 4, "BEFORE": 4, "AFTER": 4, "AROUND": 4, "BETWEEN": 5, "TARGETS": 4]
        guard let count = counts[kind] else {
            return answerItself(refused("CHATHISTORY takes LATEST, BEFORE, AFTER, AROUND, BETWEEN or TARGETS."), label: label)
        }
        guard words.count == count else { return answerItself(refused("\(kind) takes \(count - 1) parameters."), label: label) }
        guard let limit = Int(words[count - 1]), limit > 0 else {
            return answerItself(refused("The limit must be a number above zero."), label: label)
        }
        let first = kind == "TARGETS" ? 1 : 2
        let bounds = words[first..<(count - 1)].compactMap { IRCCodec.bound($0) }
        let isOpen = kind == "LATEST" && words[2] == "*"
        guard bounds.count == count - 1 - first || isOpen else {
            return answerItself(refused("A bound must be msgid=ID or timestamp=TIME."), label: label)
        }
        let range: HistoryRange
        switch kind {
        case "BEFORE":
            range = HistoryRange(before: bounds[0].ids.lowerBound, earlierThan: bounds[0].time, takesLatest: true, limit: limit)
        case "AFTER": range = HistoryRange(after: bounds[0].ids.upperBound, laterThan: bounds[0].time, takesLatest: false, limit: limit)
        case "AROUND": range = HistoryRange(around: bounds[0].ids, limit: limit)
        case "BETWEEN", "TARGETS": range = IRCCodec.range(from: bounds[0], to: bounds[1], limit)
        default:
            range = HistoryRange(
                after: isOpen ? nil : bounds[0].ids.upperBound, laterThan: isOpen ? nil : bounds[0].time, takesLatest: true, limit: limit)
        }
        let target = kind == "TARGETS" ? "*" : words[1]
        let command: Command =
            kind == "TARGETS" ? .historyTargets(range) : .history(with: IRCCodec.correspondent(target), range)
        return expect(.history(kind: kind, target: target), command, label: label)
    }

    /// The range between two bounds, without them. If the first bound is the later one, the latest messages are selected.
    private static func range(from one: Bound, to other: Bound, _ limit: Int) -> HistoryRange {
        let isForward = one.ids.lowerBound <= other.ids.lowerBound
        let (first, last) = isForward ? (one, other) : (other, one)
        return HistoryRange(
            after: first.ids.upperBound, before: last.ids.lowerBound, laterThan: first.time, earlierThan: last.time,
            takesLatest: !isForward, limit: limit)
    }

    static func correspondent(_ target: String) -> Command.Correspondent {
        isGroup(target) ? .group(group(target)) : .user(target)
    }

    /// The ids that `msgid=` or `timestamp=` matches. The upper bits of an id are its milliseconds.
    private struct Bound {
        let ids: ClosedRange<MessageID>
        /// Nil for `msgid=`.
        var time: Timestamp?
    }

    private static func bound(_ text: String) -> Bound? {
        if let id = text.rest(behind: "msgid=") { return MessageID(id).map { Bound(ids: $0...$0) } }
        return time(text).map { Bound(ids: MessageID.range(at: $0), time: $0) }
    }

    private static func time(_ text: String) -> Timestamp? {
        text.rest(behind: "timestamp=").flatMap { Timestamp(iso8601: $0) }
    }

    /// Encodes messages and conversations as one batch with the label, or without a batch if the client knows none.
    mutating func answerToHistory(_ kind: String, _ target: String, _ response: [Outgoing], label: String?) -> [UInt8] {
        switch response.first {
        case .history(let with, let found)?: return batch(found.map(text), ["chathistory", with ?? target], label: label)
        case .historyTargets(let targets)?:
            let lines = targets.map { reply("CHATHISTORY", "TARGETS", $0.name, $0.time.iso8601) }
            return batch(lines, ["draft/chathistory-targets"], label: label)
        case .reply(let refusal)? where !capabilities.contains(.chatty):
            let code = refusal == .storeFailed ? "MESSAGE_ERROR" : "INVALID_TARGET"
            let line = reply("FAIL", "CHATHISTORY", code, kind, target, refusal.text)
            return label.map { labeled([line], $0) } ?? bytes([line])
        default:
            let lines = response.flatMap { messages($0, inAnswerTo: "CHATHISTORY") }
            return label.map { labeled(lines, $0) } ?? bytes(lines)
        }
    }

    mutating func batch(_ lines: [IRCMessage], _ kind: [String], label: String?) -> [UInt8] {
        guard capabilities.contains(.batch) else { return bytes(lines) }
        lastBatch += 1
        let id = "b\(lastBatch)"
        var lines = lines
        for index in lines.indices { lines[index].tags.append(IRCMessage.Tag("batch", id)) }
        let tags = label.map { [IRCMessage.Tag("label", $0)] } ?? []
        lines.insert(IRCMessage(tags: tags, source: IRCCodec.serverName, command: "BATCH", parameters: ["+" + id] + kind), at: 0)
        lines.append(IRCMessage(source: IRCCodec.serverName, command: "BATCH", parameters: ["-" + id]))
        return bytes(lines)
    }

    /// `MARKREAD target` asks for the marker, `MARKREAD target timestamp=...` sets it.
    mutating func markRead(_ message: IRCMessage, label: String?) -> [CodecStep] {
        let words = message.parameters
        guard let target = words.first, !target.isEmpty else {
            return answerItself([reply("FAIL", "MARKREAD", "NEED_MORE_PARAMS", "MARKREAD takes a user or a group.")], label: label)
        }
        let time = words.count > 1 ? IRCCodec.time(words[1]) : nil
        guard words.count == 1 || time != nil else {
            return answerItself([reply("FAIL", "MARKREAD", "INVALID_PARAMS", target, "The time must be timestamp=TIME.")], label: label)
        }
        return command(message.command, .markRead(with: IRCCodec.correspondent(target), time), label: label)
    }

    /// The line for a client with `draft/read-marker`, or for the answer to its MARKREAD.
    func readMarker(_ target: String, _ time: Timestamp?) -> IRCMessage {
        reply("MARKREAD", target, time.map { "timestamp=\($0.iso8601)" } ?? "*")
    }
}
