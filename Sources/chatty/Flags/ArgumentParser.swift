import ChatProtocol
import TransferProtocol

/// The parser of the command line: turns words into typed arguments, or throws one clear error, by the table of a subcommand.
///
/// It knows long forms (`--data DIR`, `--data=DIR`), short forms (`-u NAME`, `-uNAME`, `-u=NAME`, several switches as `-qy`), options and
/// positional arguments in any order, `--` to end the options, and `-` as a plain word. If an option is given twice, the last one counts.
///
/// Words are bytes, as in the system: paths stay so, and only text must be UTF-8.
struct ArgumentParser {
    let spec: CommandSpec

    /// The result of a valid command line.
    enum Outcome: Equatable, Sendable {
        case run(Arguments)
        case help
        case version
    }

    /// - Parameter words: the words after the subcommand.
    func parse(_ words: [ByteString]) throws(UsageError) -> Outcome {
        var arguments = Arguments()
        var plain: [Word] = []
        /// The option before, if its optional value is missing.
        var bare: String?
        var rest = words[...]
        while let word = rest.popFirst() {
            let before = bare.take()
            if word == "--" {
                plain += rest.map { Word(text: $0) }
                break
            } else if word.bytes.starts(with: "--".utf8) {
                bare = try parseLong(word.bytes.dropFirst(2), &rest, &arguments)
            } else if word.starts(with: "-"), word != "-" {
                try parseShort(word.bytes.dropFirst(), &rest, &arguments)
            } else {
                plain.append(Word(text: word, bare: before))
            }
            // An error after --help does not matter to somebody who asks for help.
            if arguments.has(CommandSpec.help) { return .help }
            if arguments.has(CommandSpec.version) { return .version }
        }
        try assignPositionals(plain, &arguments)
        return .run(arguments)
    }

    /// Parses words that are text.
    func parse(_ words: [String]) throws(UsageError) -> Outcome { try parse(words.map { ByteString($0) }) }

    /// A word that is no option, and the option right before it if its optional value is missing.
    private struct Word {
        let text: ByteString
        var bare: String?
    }

    /// - Returns: the option, if its optional value is missing.
    private func parseLong(
        _ bytes: ArraySlice<UInt8>, _ rest: inout ArraySlice<ByteString>, _ arguments: inout Arguments
    ) throws(UsageError) -> String? {
        let parts = bytes.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = ByteString(parts[0]).description
        guard let flag = spec.flag(named: name) else {
            throw error("There is no option --\(Printable.text(name)).\(hint(for: name))")
        }
        let attached = parts.count > 1 ? ByteString(parts[1]) : nil
        try assignFlag(flag, shown: "--\(name)", attached: attached, &rest, &arguments)
        return attached == nil && flag.value?.isOptional == true ? flag.name : nil
    }

    /// A suggestion for an unknown `--name`: an option, or a positional argument, which takes no name.
    private func hint(for name: String) -> String {
        let arguments = spec.positionals.map { (typed: $0.name.lowercased().replacing("_", with: "-"), shown: $0.name) }
        let names = spec.allFlags.flatMap { [$0.name] + $0.aliases }
        guard let nearest = Suggestion.nearest(to: name, among: names + arguments.map(\.typed)) else { return "" }
        if let argument = arguments.first(where: { $0.typed == nearest }), !names.contains(nearest) {
            return " \(argument.shown) is given without a name before it: \(spec.usage)"
        }
        return " Did you mean --\(nearest)?"
    }

    private func parseShort(_ bytes: ArraySlice<UInt8>, _ rest: inout ArraySlice<ByteString>, _ arguments: inout Arguments)
        throws(UsageError)
    {
        var letters = bytes
        while let byte = letters.first {
            guard let flag = spec.allFlags.first(where: { $0.short?.asciiValue == byte }), let letter = flag.short else {
                let hint = Suggestion.nearest(to: ByteString(bytes).description, among: spec.allFlags.map(\.name))
                // A whole character, even if it is not ASCII.
                let shown = Printable.text(String(ByteString(letters).description.prefix(1)))
                throw error("There is no option -\(shown).\(hint.map { " Did you mean --\($0)?" } ?? "")")
            }
            letters.removeFirst()
            let isAssigned = letters.first == UInt8(ascii: "=")
            guard flag.value != nil else {
                guard !isAssigned else { throw error("-\(letter) takes no value.") }
                try assignFlag(flag, shown: "-\(letter)", attached: nil, &rest, &arguments)
                continue
            }
            let attached = letters.isEmpty ? nil : ByteString(isAssigned ? letters.dropFirst() : letters)
            try assignFlag(flag, shown: "-\(letter)", attached: attached, &rest, &arguments)
            return
        }
    }

    private func assignFlag(
        _ flag: FlagSpec, shown: String, attached: ByteString?, _ rest: inout ArraySlice<ByteString>, _ arguments: inout Arguments
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
            // An optional value follows `=` and is never the next word: `--listen 6697` without a value would take the port.
            parsed = .bare
        } else {
            guard let next = rest.first, next == "-" || !next.starts(with: "-") else {
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

    private func assignPositionals(_ words: [Word], _ arguments: inout Arguments) throws(UsageError) {
        var words = words[...]
        var positionals = spec.positionals
        if !spec.actions.isEmpty {
            let action = try parseAction(&words)
            arguments.action = action.name
            positionals = action.positionals
            for flag in spec.flags where arguments.flags[flag.name] != nil {
                guard flag.actions?.contains(action.name) ?? true else {
                    throw error("--\(flag.name) cannot be used with \(action.name).")
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
                // The arguments after it take the last words.
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
        if let extra = words.first { throw error("One argument too many: \(Printable.text(extra.text.description))") }
    }

    private func parseAction(_ words: inout ArraySlice<Word>) throws(UsageError) -> ActionSpec {
        guard let word = words.popFirst()?.text else {
            if let action = spec.actions.first(where: \.isDefault) { return action }
            throw error("Name what to do, one of: \(spec.actions.map(\.name).joined(separator: ", "))")
        }
        if let action = spec.actions.first(where: { ByteString($0.name) == word }) { return action }
        let hint = Suggestion.nearest(to: word.description, among: spec.actions.map(\.name)).map { " Did you mean \($0)?" } ?? ""
        throw error("There is no chatty \(spec.name) \(Printable.text(word.description)).\(hint)")
    }

    private func check(_ word: ByteString, _ kind: ValueKind, _ shown: String) throws(UsageError) -> FlagValue {
        do {
            return try kind.parse(word)
        } catch {
            let given =
                word.isEmpty
                ? "\(shown) is empty: it needs \(error.expected)"
                : "\(shown) needs \(error.expected), not \(Printable.text(word.description))"
            throw self.error(given)
        }
    }

    private func error(_ message: String) -> UsageError { UsageError(message, command: spec.name) }
}
