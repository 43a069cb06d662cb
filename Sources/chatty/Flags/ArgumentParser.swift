/// The hand-rolled parser: words and a table in, typed arguments or one clear error out.
///
/// Long (`--data DIR`, `--data=DIR`) and short forms (`-u NAME`, `-uNAME`, `-u=NAME`, switches together as `-qy`), options and
/// positional arguments in any order, `--` to end the options, `-` as a plain word. Of an option given twice the last one counts.
struct ArgumentParser {
    let spec: CommandSpec

    /// What a right command line asks for.
    enum Outcome: Equatable, Sendable {
        case run(Arguments)
        case help
        case version
    }

    /// - Parameter words: what follows the subcommand's name.
    func parse(_ words: [String]) throws(UsageError) -> Outcome {
        var arguments = Arguments()
        var plain: [Word] = []
        /// The option before, where it has no value but could have one.
        var bare: String?
        var rest = words[...]
        while let word = rest.popFirst() {
            let before = bare.take()
            if word == "--" {
                plain += rest.map { Word(text: $0) }
                break
            } else if word.hasPrefix("--") {
                bare = try takeLong(word.dropFirst(2), &rest, &arguments)
            } else if word.hasPrefix("-"), word.count > 1 {
                try takeShort(word.dropFirst(), &rest, &arguments)
            } else {
                plain.append(Word(text: word, bare: before))
            }
            // An error behind --help is not worth telling to somebody who asks for help.
            if arguments.has(CommandSpec.help) { return .help }
            if arguments.has(CommandSpec.version) { return .version }
        }
        try takePlain(plain, &arguments)
        return .run(arguments)
    }

    /// What is no option, and the option right before it where that one's value was left out.
    private struct Word {
        let text: String
        var bare: String?
    }

    /// - Returns: the option, where it could have a value and has none.
    private func takeLong(
        _ text: Substring, _ rest: inout ArraySlice<String>, _ arguments: inout Arguments
    ) throws(UsageError) -> String? {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let flag = spec.flag(named: name) else {
            throw error("There is no option --\(Printable.text(name)).\(hint(for: name))")
        }
        let attached = parts.count > 1 ? String(parts[1]) : nil
        try take(flag, shown: "--\(name)", attached: attached, &rest, &arguments)
        return attached == nil && flag.value?.isOptional == true ? flag.name : nil
    }

    /// What somebody meant who typed `--name`: an option, or an argument, which has no name before it.
    private func hint(for name: String) -> String {
        let arguments = spec.positionals.map { (typed: $0.name.lowercased().replacing("_", with: "-"), shown: $0.name) }
        let names = spec.allFlags.flatMap { [$0.name] + $0.aliases }
        guard let nearest = Suggestion.nearest(to: name, among: names + arguments.map(\.typed)) else { return "" }
        if let argument = arguments.first(where: { $0.typed == nearest }), !names.contains(nearest) {
            return " \(argument.shown) is given without a name before it: \(spec.usage)"
        }
        return " Did you mean --\(nearest)?"
    }

    private func takeShort(_ text: Substring, _ rest: inout ArraySlice<String>, _ arguments: inout Arguments) throws(UsageError) {
        var letters = text
        while let letter = letters.popFirst() {
            guard let flag = spec.allFlags.first(where: { $0.short == letter }) else {
                let hint = Suggestion.nearest(to: String(text), among: spec.allFlags.map(\.name)).map { " Did you mean --\($0)?" } ?? ""
                throw error("There is no option -\(Printable.text(String(letter))).\(hint)")
            }
            guard flag.value != nil else {
                guard letters.first != "=" else { throw error("-\(letter) takes no value.") }
                try take(flag, shown: "-\(letter)", attached: nil, &rest, &arguments)
                continue
            }
            let attached = letters.isEmpty ? nil : String(letters.first == "=" ? letters.dropFirst() : letters)
            try take(flag, shown: "-\(letter)", attached: attached, &rest, &arguments)
            return
        }
    }

    private func take(
        _ flag: FlagSpec, shown: String, attached: String?, _ rest: inout ArraySlice<String>, _ arguments: inout Arguments
    ) throws(UsageError) {
        guard let value = flag.value else {
            guard attached == nil else { throw error("\(shown) takes no value.") }
            arguments.flags[flag.name] = [.bare]
            return
        }
        let parsed: FlagValue
        if let attached {
            parsed = try check(attached, value.kind, shown)
        } else if value.isOptional {
            // The next word is never its value, which stands behind `=`: `--listen 6697` would take the port of whoever leaves the value out.
            parsed = .bare
        } else {
            guard let next = rest.first, next == "-" || !next.hasPrefix("-") else {
                let way = rest.isEmpty ? "\(shown) \(value.name)" : "--\(flag.name)=\(value.name)"
                throw error("\(shown) needs a value: \(way)")
            }
            rest.removeFirst()
            parsed = try check(next, value.kind, shown)
        }
        if flag.isRepeatable {
            arguments.flags[flag.name, default: []].append(parsed)
        } else {
            arguments.flags[flag.name] = [parsed]
        }
    }

    private func takePlain(_ words: [Word], _ arguments: inout Arguments) throws(UsageError) {
        var words = words[...]
        var positionals = spec.positionals
        if !spec.actions.isEmpty {
            let action = try takeAction(&words)
            arguments.action = action.name
            positionals = action.positionals
            for flag in spec.flags where arguments.flags[flag.name] != nil {
                guard flag.actions?.contains(action.name) ?? true else {
                    throw error("--\(flag.name) does not go with \(action.name).")
                }
            }
        }
        let required = positionals.count { $0.arity != .optional }
        guard words.count >= required else {
            let missing = positionals.filter { $0.arity != .optional }[words.count]
            throw error("\(missing.name) is missing.")
        }
        var spare = words.count - required
        for (index, positional) in positionals.enumerated() {
            var count = 1
            switch positional.arity {
            case .required: break
            case .optional:
                count = min(1, spare)
                spare -= count
            case .oneOrMore:
                // Those behind it have the last words.
                let behind = min(spare, positionals[(index + 1)...].count { $0.arity == .optional })
                count += spare - behind
                spare = behind
            }
            for word in words.prefix(count) {
                let value = try check(word.text, positional.kind, positional.name)
                if let bare = word.bare { arguments.behindBare[bare] = positional.name }
                arguments.positionals[positional.name, default: []].append(value)
            }
            words = words.dropFirst(count)
        }
        if let extra = words.first { throw error("One argument too many: \(Printable.text(extra.text))") }
    }

    private func takeAction(_ words: inout ArraySlice<Word>) throws(UsageError) -> ActionSpec {
        guard let word = words.popFirst()?.text else {
            if let action = spec.actions.first(where: \.isDefault) { return action }
            throw error("Say what to do: \(spec.actions.map(\.name).joined(separator: ", "))")
        }
        if let action = spec.actions.first(where: { $0.name == word }) { return action }
        let hint = Suggestion.nearest(to: word, among: spec.actions.map(\.name)).map { " Did you mean \($0)?" } ?? ""
        throw error("There is no chatty \(spec.name) \(Printable.text(word)).\(hint)")
    }

    private func check(_ text: String, _ kind: ValueKind, _ shown: String) throws(UsageError) -> FlagValue {
        do {
            return try kind.parse(text)
        } catch {
            let given =
                text.isEmpty
                ? "\(shown) is empty: it needs \(error.expected)" : "\(shown) needs \(error.expected), not \(Printable.text(text))"
            throw self.error(given)
        }
    }

    private func error(_ message: String) -> UsageError { UsageError(message, command: spec.name) }
}
