import ChatProtocol

/// Finds a user's name in a text.
///
/// A name consists of ASCII letters, digits, `_`, `-` and `.`, so it ends where anything else begins: a quotation mark, an apostrophe, a
/// full-width comma, or a letter of a script that is written without spaces. Only letters of the Latin script and marks on them continue
/// it, because they would make it another word. Held by `MentionTests`.
enum Mention {
    /// - Returns: whether `text` contains `name` as a word, in any case. A full stop after it ends a sentence.
    static func isOf(_ name: String, in text: String) -> Bool {
        let name = Array(Name.fold(name).unicodeScalars)
        let text = Array(Name.fold(text).unicodeScalars)
        guard !name.isEmpty, text.count >= name.count else { return false }
        for start in 0...(text.count - name.count) where text[start] == name[0] {
            guard start == 0 || !continuesName(text[start - 1]), text[start..<(start + name.count)].elementsEqual(name) else { continue }
            var end = start + name.count
            while end < text.count, text[end] == "." { end += 1 }
            if end == text.count || !continuesName(text[end]) { return true }
        }
        return false
    }

    private static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
        // Latin-1 letters, Latin Extended-A and -B, combining marks, Latin Extended Additional. The multiplication and division signs are
        // no letters.
        case "\u{D7}", "\u{F7}": false
        case "\u{C0}"..."\u{24F}", "\u{300}"..."\u{36F}", "\u{1E00}"..."\u{1EFF}": true
        default: false
        }
    }
}
