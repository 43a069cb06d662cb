/// `--help`, which fits on a screen of 80 columns and 24 rows together with the shell's prompt.
enum HelpText {
    /// The help of one subcommand.
    static func of(_ spec: CommandSpec) -> String {
        var lines = ["Usage: " + spec.usage, capitalized(spec.summary) + ". More: man chatty-\(spec.name)", ""]
        for action in spec.actions {
            let word = action.isDefault ? "[\(action.name)]" : action.name
            lines.append(row("  " + ([word] + action.positionals.map(\.usage)).joined(separator: " "), action.summary))
        }
        if !spec.actions.isEmpty { lines.append("") }
        for flag in spec.flags where !spec.seldom.contains(flag.name) {
            let left = (flag.short == nil ? "      " : "  ") + flag.usage
            let shown = shownDefault(flag).map { "\(flag.summary) [\($0)]" } ?? flag.summary
            // The manual shows the default too, so it may be left out here.
            lines.append(row(left, shown.count <= width - column ? shown : flag.summary))
        }
        let seldom = spec.flags.filter { spec.seldom.contains($0.name) }.map(\.usage)
        if !seldom.isEmpty { lines.append("  Also: " + seldom.joined(separator: ", ")) }
        lines.append(row("  -h, --help; -V, --version", "Show this help; the version"))
        return lines.joined(separator: "\n") + "\n"
    }

    /// The short help of a bare `chatty`.
    static func overview(_ specs: [CommandSpec]) -> String {
        var lines = ["Usage: chatty COMMAND [OPTION ...] [ARGUMENT ...]", "", capitalized(Product.summary) + ".", ""]
        lines += specs.map { row("  \($0.name)", $0.summary) }
        lines.append(row("  " + Overview.helpUsage, Overview.helpSummary))
        lines.append("")
        lines += Overview.flags.map { row(($0.short == nil ? "      " : "  ") + $0.usage, $0.summary) }
        lines += ["", "More: man chatty"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The choices with the default first, as the help shows them after a summary.
    private static func shownDefault(_ flag: FlagSpec) -> String? {
        guard case .choice(let words)? = flag.value?.kind else { return flag.defaultText }
        return ([flag.defaultText].compactMap(\.self) + words.filter { $0 != flag.defaultText }).joined(separator: "|")
    }

    private static let column = 30
    private static let width = 80

    private static func row(_ left: String, _ right: String) -> String {
        guard left.count + 2 <= column else { return left + "\n" + String(repeating: " ", count: column) + right }
        return left + String(repeating: " ", count: column - left.count) + right
    }

    static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
