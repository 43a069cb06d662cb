import Connectivity

/// The words of codes, as lines of the scripts for the shells.
enum CodeCompletion {
    private static let width = 130

    static let lines = text()

    /// - Parameter end: what follows each line but the last.
    static func text(behind end: String = "") -> String {
        var lines: [String] = []
        for word in CodeWords.all {
            if let line = lines.last, line.utf8.count + 1 + word.utf8.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(word)
            }
        }
        return lines.joined(separator: end + "\n")
    }
}
