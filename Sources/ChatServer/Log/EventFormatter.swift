import ChatHub
import ChatProtocol

/// How one event is written.
enum EventFormatter {
    /// With its line end.
    static func line(_ entry: EventLog.Entry, _ format: EventLog.Format) -> String {
        switch format {
        case .text: SafeText.shown(entry.line.text, isolates: false) + "\n"
        case .json: json(entry)
        }
    }

    private static func json(_ entry: EventLog.Entry) -> String {
        var members = [("time", entry.time.iso8601)]
        switch entry.line {
        case .received(let command, let user): members += [("event", "received"), ("user", user), ("command", command)]
        case .succeeded(let user, let phrase): members += [("event", "succeeded"), ("user", user), ("what", phrase)]
        case .failed(let user, let phrase, let reason):
            members += [("event", "failed"), ("user", user), ("what", phrase), ("reason", reason)]
        case .throttled(let address, let count): members += [("event", "throttled"), ("address", address), ("count", String(count))]
        }
        return "{" + members.map { JSONText.quoted($0.0) + ":" + JSONText.quoted($0.1) }.joined(separator: ",") + "}\n"
    }
}
