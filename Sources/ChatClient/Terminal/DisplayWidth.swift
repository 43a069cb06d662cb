@preconcurrency import CReadline
import Glibc

/// The number of terminal columns that text takes: two for an ideograph, none for a combining accent, by the tables of the locale.
public enum DisplayWidth {
    /// Sets the character encoding from the environment's locale, which the tables need. All texts stay English. If the locale knows only
    /// single bytes, UTF-8 is used instead.
    /// - Returns: whether UTF-8 replaced the locale's encoding.
    @discardableResult public static func adoptLocale() -> Bool {
        setlocale(LC_CTYPE, "")
        guard __ctype_get_mb_cur_max() < 2 else { return false }
        setlocale(LC_CTYPE, "C.UTF-8")
        return true
    }

    /// - Parameter text: one line without control characters.
    public static func columns(of text: some StringProtocol) -> Int { text.unicodeScalars.reduce(0) { $0 + columns(of: $1) } }

    /// The beginning of `text` that fits into `columns`, with `…` if anything is cut.
    public static func shortened(_ text: String, to columns: Int) -> String {
        guard Self.columns(of: text) > columns else { return text }
        guard columns > 0 else { return "" }
        var width = 1
        let fitting = text.prefix { character in
            width += Self.columns(of: String(character))
            return width <= columns
        }
        return fitting + "…"
    }

    static func columns(of scalar: Unicode.Scalar) -> Int { max(0, Int(wcwidth(wchar_t(bitPattern: scalar.value)))) }
}
