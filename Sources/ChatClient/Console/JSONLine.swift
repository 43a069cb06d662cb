import ChatProtocol

/// A JSON object on one line (RFC 8259), with its members in the given order.
struct JSONLine {
    enum Value {
        case text(String)
        case number(Int64)
        case flag(Bool)
        case list([String])
    }

    static func of(_ members: KeyValuePairs<String, Value?>) -> String {
        let shown = members.compactMap { key, value in value.map { JSONText.quoted(key) + ":" + text($0) } }
        return "{" + shown.joined(separator: ",") + "}"
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .text(let text): JSONText.quoted(text)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .list(let items): "[" + items.map(JSONText.quoted).joined(separator: ",") + "]"
        }
    }
}
