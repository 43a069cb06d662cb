/// The parsed command line of one subcommand, read through the typed keys of its table.
struct Arguments: Equatable, Sendable {
    /// The named or default action: `add` of `chatty users add`; nil for a subcommand without actions.
    var action: String?
    /// The values of the options, by long name.
    var flags: [String: [FlagValue]] = [:]
    /// The values of the positional arguments, by the name in the usage line.
    var positionals: [String: [FlagValue]] = [:]

    /// The positional arguments directly after an option whose optional value is missing, by the option's long name: the user may have
    /// meant them as that value.
    var behindBare: [String: String] = [:]

    /// The value of an option, or its default.
    subscript<Value>(flag: Flag<Value>) -> Value {
        guard let values = flags[flag.spec.name] else { return flag.absent }
        return flag.decode(values) ?? flag.absent
    }

    /// The value of a positional argument, or its default.
    subscript<Value>(positional: Positional<Value>) -> Value {
        guard let values = positionals[positional.spec.name] else { return positional.absent }
        return positional.decode(values) ?? positional.absent
    }

    /// Whether the option is on the command line.
    func has<Value>(_ flag: Flag<Value>) -> Bool { flags[flag.spec.name] != nil }

    /// Whether the positional argument follows that option directly and the option's optional value is missing.
    func has<Value, Wrapped>(_ positional: Positional<Value>, behind flag: Flag<OptionalValue<Wrapped>>) -> Bool {
        behindBare[flag.spec.name] == positional.spec.name
    }

    /// Whether the positional argument is on the command line.
    func has<Value>(_ positional: Positional<Value>) -> Bool { positionals[positional.spec.name] != nil }
}
