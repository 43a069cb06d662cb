@preconcurrency import CReadline
import Glibc

/// How many columns of a terminal text takes: two for an ideograph, none for a combining accent, by the locale's tables.
public enum DisplayWidth {
    /// Takes the characters of the locale of the environment, as the tables need it, and nothing else of it: what is said stays English; where that knows only bytes, UTF-8 is what people have.
    /// - Returns: whether UTF-8 took another one's place.
    @discardableResult public static func adoptLocale() -> Bool {
        setlocale(LC_CTYPE, "")
        guard __ctype_get_mb_cur_max() < 2 else { return false }
        setlocale(LC_CTYPE, "C.UTF-8")
        return true
    }

    /// - Parameter text: of one line, without control characters.
    public static func columns(of text: some StringProtocol) -> Int { text.unicodeScalars.reduce(0) { $0 + columns(of: $1) } }

    /// As much of the beginning of `text` as fits, with `…` for what does not.
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
