import ChatProtocol

/// One JSON object on one line (RFC 8259), its members in the order given.
struct JSONLine {
    enum Value {
        case text(String)
        case number(Int64)
        case flag(Bool)
        case list([String])
    }

    static func of(_ members: KeyValuePairs<String, Value?>) -> String {
        let shown = members.compactMap { key, value in value.map { quoted(key) + ":" + text($0) } }
        return "{" + shown.joined(separator: ",") + "}"
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .list(let items): "[" + items.map(quoted).joined(separator: ",") + "]"
        }
    }

    /// Control characters are escaped, and so is all else that would steer a terminal on which it is read, or that programs take for line ends.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: out += "\\\""
            case 0x5C: out += "\\\\"
            case 0x0A: out += "\\n"
            case 0x0D: out += "\\r"
            case 0x09: out += "\\t"
            case _ where SafeText.isDropped(scalar):
                // Beyond the first plane as a pair of surrogates (RFC 8259 §7).
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
