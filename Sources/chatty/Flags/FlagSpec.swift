/// One row of the table: an option of a subcommand. The parser, `--help`, the manual page and the completions read only this.
struct FlagSpec: Sendable {
    /// The long name without its dashes; unique within the subcommand.
    let name: String
    /// The one-letter name, if it has one.
    let short: Character?
    /// Other long names, parsed but not shown in `--help`.
    let aliases: [String]
    /// The value that it takes; nil for a switch.
    let value: ValueSpec?
    /// Whether the option may be given several times, each adding a value. Of any other option the last one counts.
    let isRepeatable: Bool
    /// The default as the user would type it; nil if there is none.
    let defaultText: String?
    /// The actions (`users add`) to which it belongs; nil for all.
    let actions: [String]?
    /// One line for `--help` and the completions: no full stop, 60 characters at most.
    let summary: String
    /// Sentences for the manual page. `word` in backticks is shown as literal.
    let manual: String

    /// `-u, --user NAME`
    var usage: String {
        let names = (short.map { "-\($0), " } ?? "") + "--" + name
        guard let value else { return names }
        return names + (value.isOptional ? "[=\(value.name)]" : " \(value.name)")
    }
}

/// The value of an option.
struct ValueSpec: Sendable {
    /// The placeholder for the value: `FILE`.
    let name: String
    let kind: ValueKind
    /// Whether the option may be given without it.
    var isOptional = false
}
