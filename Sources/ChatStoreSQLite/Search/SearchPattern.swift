import ChatProtocol

/// What somebody looks for, as an expression of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax).
///
/// Words are all to be there; words between quotation marks are to stand together; a word that ends with `*` may go on. Everything is quoted, so
/// whatever is typed is words to look for and never syntax.
struct SearchPattern: Equatable, Sendable {
    let expression: String

    /// Nil where there is no word in it.
    init?(_ text: String) {
        var phrases: [String] = []
        // Every second part is between quotation marks; the last one may lack its end. By bytes, as SQLite sees them: a mark with an accent on it is one as well.
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
