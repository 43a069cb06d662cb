/// `completions/chatty.fish`.
enum FishCompletion {
    static func script(_ specs: [CommandSpec]) -> String {
        var lines = [
            "# fish completion for chatty. Made from the table of flags; see GeneratedFilesTests.", "", "complete -c chatty -f", "",
            "# Those that were met before.",
            "function __chatty_hosts; \(fish(KnownPlaces.servers)); __fish_print_hostnames; end",
            "function __chatty_receivers; __chatty_codes; \(fish(KnownPlaces.receivers)); end", "",
            "# A word of a code behind its number: 7-guitar-ahead.",
            "function __chatty_codes",
            "    set -l token (commandline -ct)",
            "    string match -rq '^[0-9]{1,3}-([a-z]+-)?[a-z]*$' -- $token; or return",
            "    set -l before (string replace -r '[a-z]*$' '' -- $token)",
            "    set -l words \\\n" + CodeCompletion.text(behind: " \\"),
            "    set -l dash -",
            "    string match -q '*-*-*' -- $token; and set dash ''",
            "    printf '%s\\n' $before$words$dash",
            "end", "",
        ]
        for spec in specs { lines.append("complete -c chatty -n __fish_use_subcommand -a \(spec.name) -d \(quote(spec.summary))") }
        lines.append("complete -c chatty -n __fish_use_subcommand -a \(Overview.helpWord) -d \(quote(Overview.helpSummary))")
        let names = specs.map(\.name).joined(separator: " ")
        let once = "__fish_seen_subcommand_from \(Overview.helpWord); and not __fish_seen_subcommand_from \(names)"
        lines.append("complete -c chatty -n \(quote(once)) -a \(quote(names))")
        for flag in Overview.flags { lines.append(option(flag, condition: "__fish_use_subcommand")) }
        for spec in specs {
            lines.append("")
            let seen = "__fish_seen_subcommand_from \(spec.name)"
            for flag in spec.allFlags {
                let actions = flag.actions.map { "; and __fish_seen_subcommand_from \($0.joined(separator: " "))" } ?? ""
                lines.append(option(flag, condition: seen + actions))
            }
            let words = spec.actions.map(\.name).joined(separator: " ")
            for action in spec.actions {
                let condition = "\(seen); and not __fish_seen_subcommand_from \(words)"
                lines.append("complete -c chatty -n \(quote(condition)) -a \(action.name) -d \(quote(action.summary))")
                lines += arguments(action.positionals, condition: "\(seen); and __fish_seen_subcommand_from \(action.name)")
            }
            lines += arguments(spec.positionals, condition: seen)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func option(_ flag: FlagSpec, condition: String) -> String {
        var line = "complete -c chatty -n \(quote(condition)) -l \(flag.name)"
        if let short = flag.short { line += " -s \(short)" }
        if let value = flag.value {
            // -x: a value that is no file name; -r -F: a value that is one.
            if !value.isOptional { line += value.kind == .file ? " -r -F" : " -x" }
            if let words = words(value.kind) { line += " -a \(quote(words))" }
        }
        return line + " -d \(quote(flag.summary))"
    }

    private static func arguments(_ positionals: [PositionalSpec], condition: String) -> [String] {
        // fish offers the same candidates for every argument, so hosts are offered if the first one is a host.
        var lines: [String] = []
        if positionals.contains(where: { $0.kind == .file }) { lines.append("complete -c chatty -n \(quote(condition)) -F") }
        if let first = positionals.first, first.kind == .host, let words = words(first.kind) {
            lines.append("complete -c chatty -n \(quote(condition)) -a \(quote(words))")
        }
        if let first = positionals.first, first.kind == .portOrCode, let words = words(first.kind) {
            lines.append("complete -c chatty -n \(quote(condition)) -a \(quote(words))")
        }
        if positionals.contains(where: { $0.kind == .fileOrHost }), let words = words(.fileOrHost) {
            lines.append("complete -c chatty -n \(quote(condition)) -a \(quote(words))")
        }
        return lines
    }

    /// Translates default values of variables, which fish does not know.
    private static func fish(_ command: String) -> String {
        let folder = "(test -n \"$XDG_DATA_HOME\"; and echo $XDG_DATA_HOME; or echo ~/.local/share)"
        return command.replacing("\"${XDG_DATA_HOME:-$HOME/.local/share}", with: folder + "\"")
    }

    private static func words(_ kind: ValueKind) -> String? {
        switch kind {
        case .directory: "(__fish_complete_directories)"
        case .host: "(__chatty_hosts)"
        case .fileOrHost: "(__chatty_receivers)"
        case .portOrCode: "(__chatty_codes)"
        case .choice(let words): words.joined(separator: " ")
        case .file, .text, .number, .port, .duration, .byteRate, .byteRateOrOff, .eventRate: nil
        }
    }

    private static func quote(_ text: String) -> String {
        "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    }
}
