/// Text as a JSON string (RFC 8259 §7).
public enum JSONText {
    /// The text with its quotation marks. Control characters are escaped, and so is all that would steer a terminal or that programs take
    /// for a line end; see ``SafeText/isDropped(_:)``.
    public static func quoted(_ text: String) -> String { quoted(text, isASCII: false) }

    /// Like ``quoted(_:)``, but escapes all that is not ASCII as well, so that no two texts look alike.
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
                // A scalar beyond the first plane becomes a pair of surrogates.
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
