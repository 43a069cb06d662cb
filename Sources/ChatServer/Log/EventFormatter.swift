import ChatHub
import ChatProtocol
import ChatStore

/// The text of one event.
enum EventFormatter {
    /// Appends an event with its line end.
    static func append(_ entry: EventLog.Entry, _ format: EventLog.Format, to bytes: inout [UInt8]) {
        switch format {
        case .text, .timedText:
            if format == .timedText { bytes.append(contentsOf: "\(entry.time) ".utf8) }
            let start = bytes.count
            entry.line.append(to: &bytes)
            if !bytes[start...].allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
                let text = String(decoding: bytes[start...], as: UTF8.self)
                bytes.removeSubrange(start...)
                bytes.append(contentsOf: SafeText.shown(text, isolates: false).utf8)
            }
            bytes.append(UInt8(ascii: "\n"))
        case .json: bytes.append(contentsOf: json(entry).utf8)
        }
    }

    private static func json(_ entry: EventLog.Entry) -> String {
        var members = [("time", entry.time.iso8601)]
        switch entry.line {
        case .received(let command, let user): members += [("event", "received"), ("user", user), ("command", command)]
        case .carriedOut(let user, _), .succeeded(let user, _):
            members += [("event", "succeeded"), ("user", user), ("what", entry.line.deed ?? "")]
        case .failed(let user, let phrase, let reason, let address):
            members += [("event", "failed"), ("user", user), ("what", phrase), ("reason", reason)]
            if let address { members.append(("address", address)) }
        case .throttled(let address, let count): members += [("event", "throttled"), ("address", address), ("count", String(count))]
        }
        return "{" + members.map { JSONText.quoted($0.0) + ":" + JSONText.quoted($0.1) }.joined(separator: ",") + "}\n"
    }
}
