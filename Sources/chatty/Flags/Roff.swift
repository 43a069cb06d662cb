/// Converts texts of the table to roff, for mdoc(7) pages.
enum Roff {
    /// Sentences with `literals` in backticks. Each sentence gets a line of its own, as mdoc(7) demands.
    static func text(_ text: String) -> String {
        var lines = ""
        // Every second part is within backticks.
        for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if index % 2 == 1 {
                lines += "\\fB" + literal(String(part)) + "\\fR"
            } else {
                lines += escape(String(part)).replacing(". ", with: ".\n")
            }
        }
        return lines.split(separator: "\n").flatMap(wrap).map(protect).joined(separator: "\n")
    }

    /// Lines of at most 80 bytes, broken at spaces.
    private static func wrap(_ line: Substring) -> [String] {
        var lines = [""]
        for word in line.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.utf8.count + 1 + word.utf8.count <= 80 {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// Text for copying: its dashes, tildes and quotes stay ASCII.
    static func literal(_ text: String) -> String {
        escape(text).replacing("-", with: "\\-").replacing("~", with: "\\(ti").replacing("^", with: "\\(ha")
            .replacing("'", with: "\\(aq").replacing("`", with: "\\(ga")
    }

    /// Escapes a line that begins like a request of roff.
    static func protect(_ line: String) -> String {
        line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }

    private static func escape(_ text: String) -> String { text.replacing("\\", with: "\\e") }
}
