/// `completions/_chatty`, for a folder of zsh's `$fpath`.
enum ZshCompletion {
    static func script(_ specs: [CommandSpec]) -> String {
        """
        #compdef chatty
        # Made from the table of flags; see GeneratedFilesTests.

        # The servers that were met before, and whatever else has a name.
        _chatty_hosts() {
            local ret=1 expl
            local -a known=(${(f)"$(\(KnownPlaces.servers))"})
            _wanted hosts expl 'server met before' compadd "$@" -a known && ret=0
            _hosts "$@" && ret=0
            return ret
        }

        # A word of a code behind its number: 7-guitar-ahead. Fails for what does not begin as a code does.
        _chatty_codes() {
            [[ $PREFIX =~ '^[0-9]{1,3}-([a-z]+-)?[a-z]*$' ]] || return 1
            local expl end=
            [[ $PREFIX == *-*-* ]] || end=-
            local -a parts=(
        \(CodeCompletion.lines)
            )
            compset -P '*-'
            if [[ -n $end ]]; then
                _wanted codes expl 'word of a code' compadd -S- -a parts
            else
                _wanted codes expl 'word of a code' compadd -a parts
            fi
        }

        # Files, codes, and the receivers that were met before.
        _chatty_receivers() {
            local ret=1 expl
            _chatty_codes && return
            local -a known=(${(f)"$(\(KnownPlaces.receivers))"})
            _files "$@" && ret=0
            _wanted hosts expl 'receiver met before' compadd "$@" -a known && ret=0
            return ret
        }

        _chatty() {
            local curcontext=$curcontext state state_descr
            local -a line
            local -A opt_args
            _arguments -C \\
        \(Overview.flags.map { "        " + option($0, exclusive: true) }.joined(separator: " \\\n")) \\
                '1:command:->commands' \\
                '*:: :->arguments' && return
            case $state in
                commands)
                    local -a commands=(
        \(specs.map { "                " + described($0.name, $0.summary) }.joined(separator: "\n"))
                        \(described(Overview.helpWord, Overview.helpSummary))
                    )
                    _describe -t commands command commands
                    ;;
                arguments)
                    case $line[1] in
        \(specs.map(arm).joined(separator: "\n"))
                        \(Overview.helpWord))
                            _arguments '1::COMMAND:(\(specs.map(\.name).joined(separator: " ")))'
                            ;;
                    esac
                    ;;
            esac
        }

        _chatty "$@"

        """
    }

    private static func arm(_ spec: CommandSpec) -> String {
        let margin = String(repeating: " ", count: 20)
        var lines = ["                \(spec.name))"]
        if spec.actions.isEmpty {
            let items = spec.allFlags.map { option($0, exclusive: $0.name == "help" || $0.name == "version") } + arguments(spec.positionals)
            lines.append(margin + "_arguments -s -S \\")
            lines.append(items.map { margin + "    " + $0 }.joined(separator: " \\\n"))
        } else {
            lines.append(margin + "local -a actions=(")
            lines += spec.actions.map { margin + "    " + described($0.name, $0.summary) }
            lines.append(margin + ")")
            lines.append(margin + "_arguments -s -S -C \\")
            let items = spec.allFlags.map { option($0, exclusive: $0.name == "help" || $0.name == "version") }
            lines += items.map { margin + "    " + $0 + " \\" }
            lines.append(margin + "    '1:action:->actions' \\")
            lines.append(margin + "    '*:argument:->argument'")
            lines.append(margin + "case $state:$line[1] in")
            lines.append(margin + "    actions:*) _describe -t actions action actions ;;")
            for word in spec.actions {
                guard let kind = word.positionals.first?.kind, action(kind) != " " else { continue }
                lines.append(margin + "    argument:\(word.name)) \(action(kind)) ;;")
            }
            lines.append(margin + "esac")
        }
        lines.append(margin + ";;")
        return lines.joined(separator: "\n")
    }

    private static func option(_ flag: FlagSpec, exclusive: Bool) -> String {
        let long = "--\(flag.name)" + (flag.value == nil ? "" : flag.value?.isOptional == true ? "=-" : "=")
        var tail = "[\(escape(flag.summary, "[]:\\"))]"
        if let value = flag.value { tail += (value.isOptional ? "::" : ":") + "\(escape(value.name, ":\\")):" + action(value.kind) }
        let before = exclusive ? "(- : *)" : flag.isRepeatable ? "*" : flag.short.map { "(-\($0) --\(flag.name))" } ?? ""
        guard let short = flag.short else { return quote(before + long + tail) }
        return "\(quote(before)){-\(short)\(flag.value == nil ? "" : "+"),\(long)}\(quote(tail))"
    }

    private static func arguments(_ positionals: [PositionalSpec]) -> [String] {
        var items: [String] = []
        for (index, positional) in positionals.enumerated() {
            let name = escape(positional.name, ":\\")
            // A single space would show what is expected, and thereby keep zsh from inserting an option here.
            let word = action(positional.kind) == " " ? "()" : action(positional.kind)
            switch positional.arity {
            case .required: items.append(quote("\(index + 1):\(name):\(word)"))
            case .optional: items.append(quote("\(index + 1)::\(name):\(word)"))
            case .oneOrMore:
                // The argument after a repeated one cannot be distinguished from it.
                let isReceiver = index + 1 < positionals.count && positionals[index + 1].kind == .fileOrHost
                return items + [quote("*:\(name):\(isReceiver ? "_chatty_receivers" : word)")]
            }
        }
        return items
    }

    private static func action(_ kind: ValueKind) -> String {
        switch kind {
        case .file: "_files"
        case .directory: "_files -/"
        case .host: "_chatty_hosts"
        case .fileOrHost: "_chatty_receivers"
        case .portOrCode: "_chatty_codes"
        case .choice(let words): "(\(words.joined(separator: " ")))"
        case .text, .number, .port, .duration, .byteRate, .byteRateOrOff, .eventRate: " "
        }
    }

    private static func described(_ name: String, _ summary: String) -> String { quote("\(name):\(escape(summary, ":\\"))") }

    private static func escape(_ text: String, _ special: String) -> String {
        text.map { special.contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }

    private static func quote(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
}
