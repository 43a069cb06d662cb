import ChatProtocol

/// A search as an expression of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax).
///
/// All words must occur. Words between quotation marks must be adjacent. A word that ends with `*` is a prefix. Everything is quoted, so
/// that no input is FTS5 syntax.
struct SearchPattern: Equatable, Sendable {
    let expression: String

    /// Nil if the text has no word.
    init?(_ text: String) {
        var phrases: [String] = []
        // Every second part is between quotation marks; the last may lack its closing mark. The text is split by bytes, as SQLite sees it:
        // a quotation mark with a combining accent is one as well.
        for (index, part) in text.pieces(between: "\"", omittingEmpty: false).enumerated() {
            if index % 2 == 1 {
                phrases += SearchPattern.phrase(part, isBegun: false)
            } else {
                for word in part.unicodeScalars.split(whereSeparator: \.properties.isWhitespace).map(String.init) {
                    phrases += SearchPattern.phrase(word, isBegun: word.ends(with: "*"))
                }
            }
        }
        guard !phrases.isEmpty else { return nil }
        expression = phrases.joined(separator: " ")
    }

    private static func phrase(_ typed: String, isBegun: Bool) -> [String] {
        let text = SearchText.folded(typed)
        guard text.unicodeScalars.contains(where: { $0.properties.isAlphabetic || $0.properties.numericType != nil }) else { return [] }
        // A NUL would end the expression.
        let words = text.pieces(between: "\0", omittingEmpty: false).joined(separator: " ")
        return ["\"" + words + "\"" + (isBegun ? " *" : "")]
    }
}
