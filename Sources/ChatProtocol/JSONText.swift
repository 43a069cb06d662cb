/// Text as a JSON string (RFC 8259 §7).
public enum JSONText {
    /// With its quotation marks. Control characters are escaped, and so is all else that would steer a terminal on which it is read, or that
    /// programs take for line ends; see ``SafeText/isDropped(_:)``.
    public static func quoted(_ text: String) -> String { quoted(text, isASCII: false) }

    /// The same, and all that is not ASCII is escaped as well, so that nothing can look like anything else.
    public static func quotedInASCII(_ text: String) -> String { quoted(text, isASCII: true) }

    private static func quoted(_ text: String, isASCII: Bool) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where SafeText.isDropped(scalar) || isASCII && !scalar.isASCII:
                // Beyond the first plane as a pair of surrogates.
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
