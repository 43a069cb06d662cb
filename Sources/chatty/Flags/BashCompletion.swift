/// `completions/chatty.bash`, which needs bash 4.4 and nothing else.
enum BashCompletion {
    static func script(_ specs: [CommandSpec]) -> String {
        let overview = Overview.flags.map { "--\($0.name)" }.joined(separator: " ")
        return """
            # bash completion for chatty. Made from the table of flags; see GeneratedFilesTests.

            _chatty_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
            _chatty_files() { compopt -o default; }
            _chatty_directories() { compopt -o dirnames; }
            # The servers that were met before, and whatever else has a name.
            _chatty_hosts() {
                local known=$(\(KnownPlaces.servers))
                mapfile -t COMPREPLY < <(compgen -A hostname -W "$known" -- "$cur")
            }
            # The words of codes.
            _chatty_code_words="
            \(CodeCompletion.lines)
            "
            # A word of a code behind its number: 7-guitar-ahead. Fails for what does not begin as a code does.
            _chatty_codes() {
                [[ $cur =~ ^[0-9]{1,3}-([a-z]+-)?[a-z]*$ ]] || return 1
                local end=
                [[ $cur == *-*-* ]] || end=-
                [[ $end ]] && compopt -o nospace
                mapfile -t COMPREPLY < <(compgen -P "${cur%-*}-" -S "$end" -W "$_chatty_code_words" -- "${cur##*-}")
            }
            # Files, codes, or the receivers that were met before; not behind a colon, at which bash takes the word apart.
            _chatty_receivers() {
                _chatty_codes && ((${#COMPREPLY[@]})) && return
                local known=$(\(KnownPlaces.receivers))
                compopt -o default
                [[ $prev == : || $cur == *:* ]] || mapfile -t COMPREPLY < <(compgen -W "$known" -- "$cur")
            }

            # Sets "place" to the number of arguments before the cursor that are neither options nor values of options,
            # and "action" to the first of them. $1: the options that take a value.
            _chatty_place() {
                local index word skip=
                place=0 action=
                for ((index = 2; index < COMP_CWORD; index++)); do
                    word=${COMP_WORDS[index]}
                    if [[ $word == "=" ]]; then
                        skip=1
                    elif [[ $skip ]]; then
                        skip=
                    elif [[ $word == -?* ]]; then
                        # A value behind "=" is three words to bash, which the first test sees.
                        [[ ${COMP_WORDS[index + 1]} != "=" && " $1 " == *" $word "* ]] && skip=1
                    else
                        ((place++)) || action=$word
                    fi
                done
            }

            _chatty() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} place action
                COMPREPLY=()
                if [[ $cur == "=" ]]; then
                    cur=
                elif [[ $prev == "=" ]]; then
                    prev=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                if ((COMP_CWORD == 1)); then
                    case $cur in
                        -*) _chatty_words "\(overview)" ;;
                        *) _chatty_words "\(words(specs)) \(Overview.helpWord)" ;;
                    esac
                    return
                fi
                case ${COMP_WORDS[1]} in
                    \(Overview.helpWord))
                        ((COMP_CWORD == 2)) && _chatty_words "\(words(specs))"
                        ;;
                    --generate)
                        ((COMP_CWORD == 2)) && _chatty_words "\(GeneratedFiles.names.joined(separator: " "))"
                        ;;
            \(specs.map(arm).joined(separator: "\n"))
                esac
            }

            complete -F _chatty chatty

            """
    }

    private static func words(_ specs: [CommandSpec]) -> String { specs.map(\.name).joined(separator: " ") }

    private static func arm(_ spec: CommandSpec) -> String {
        var lines = ["        \(spec.name))", "            case $prev in"]
        for (command, names) in values(spec) {
            lines.append("                \(names.joined(separator: "|"))) \(command); return ;;")
        }
        lines.append("            esac")
        let valued = spec.allFlags.filter { $0.value.map { !$0.isOptional } ?? false }.flatMap(names)
        lines.append("            _chatty_place \"\(valued.joined(separator: " "))\"")
        if spec.actions.isEmpty {
            lines.append("            if [[ $cur == -* ]]; then")
            lines.append("                _chatty_words \"\(spec.allFlags.map { "--\($0.name)" }.joined(separator: " "))\"")
            lines += ["                return", "            fi"]
            let places = places(spec.positionals, from: 0, indent: 16)
            if !places.isEmpty { lines += ["            case $place in"] + places + ["            esac"] }
        } else {
            lines.append("            case $cur:$action in")
            for action in spec.actions {
                let flags = spec.allFlags.filter { $0.actions?.contains(action.name) ?? true }.map { "--\($0.name)" }
                let pattern = action.isDefault ? "-*:\(action.name)|-*:" : "-*:\(action.name)"
                lines.append("                \(pattern)) _chatty_words \"\(flags.joined(separator: " "))\"; return ;;")
            }
            lines += ["            esac", "            case $place:$action in"]
            lines.append("                0:*) _chatty_words \"\(spec.actions.map(\.name).joined(separator: " "))\" ;;")
            for action in spec.actions {
                lines += places(action.positionals, from: 1, indent: 16, suffix: ":\(action.name)")
            }
            lines.append("            esac")
        }
        lines.append("            ;;")
        return lines.joined(separator: "\n")
    }

    /// The options with a value, grouped by their completion, in the order of their first occurrence.
    private static func values(_ spec: CommandSpec) -> [(command: String, names: [String])] {
        var groups: [(command: String, names: [String])] = []
        for flag in spec.allFlags {
            guard let value = flag.value, !value.isOptional else { continue }
            let command = command(value.kind)
            if let index = groups.firstIndex(where: { $0.command == command }) {
                groups[index].names += names(flag)
            } else {
                groups.append((command, names(flag)))
            }
        }
        return groups
    }

    /// The `case` branches for the arguments that are neither options nor values of options.
    private static func places(_ positionals: [PositionalSpec], from first: Int, indent: Int, suffix: String = "") -> [String] {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        for (index, positional) in positionals.enumerated() {
            let command = command(positional.kind)
            if positional.arity == .oneOrMore {
                // The argument after a repeated one cannot be distinguished from it.
                let isReceiver = index + 1 < positionals.count && positionals[index + 1].kind == .fileOrHost
                if isReceiver { lines.append("\(margin)\(index + first)\(suffix)) \(command) ;;") }
                lines.append("\(margin)*\(suffix)) \(isReceiver ? "_chatty_receivers" : command) ;;")
                break
            }
            if command != ":" { lines.append("\(margin)\(index + first)\(suffix)) \(command) ;;") }
        }
        return lines
    }

    private static func names(_ flag: FlagSpec) -> [String] {
        (flag.short.map { ["-\($0)"] } ?? []) + ([flag.name] + flag.aliases).map { "--\($0)" }
    }

    private static func command(_ kind: ValueKind) -> String {
        switch kind {
        case .file: "_chatty_files"
        case .directory: "_chatty_directories"
        case .host: "_chatty_hosts"
        case .fileOrHost: "_chatty_receivers"
        case .portOrCode: "_chatty_codes"
        case .choice(let words): "_chatty_words \"\(words.joined(separator: " "))\""
        case .text, .number, .port, .duration, .byteRate, .byteRateOrOff, .eventRate: ":"
        }
    }
}
