/// "Did you mean": finds the option, subcommand or chat command that a mistyped word most likely means.
public enum Suggestion {
    /// - Returns: the nearest candidate within a third of the word's length (at least one edit), or the only one that begins with `word`;
    ///   nil if none is near or the word is shorter than two characters.
    public static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.count >= 2 else { return nil }
        let bound = max(1, word.count / 3)
        let near = candidates.map { (name: $0, distance: distance(word, $0)) }.filter { $0.distance <= bound }
        if let best = near.min(by: { $0.distance < $1.distance }) { return best.name }
        let completed = candidates.filter { $0.hasPrefix(word) }
        return completed.count == 1 ? completed[0] : nil
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal string
    /// alignment).
    public static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.utf8)
        let b = Array(second.utf8)
        guard !a.isEmpty, !b.isEmpty, a.count <= 100, b.count <= 100 else { return max(a.count, b.count) }
        var rows = [Array(0...b.count)]
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                var least = min(row[j - 1] + 1, rows[i - 1][j] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, rows[i - 2][j - 2] + 1) }
                row.append(least)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
