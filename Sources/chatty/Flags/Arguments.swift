/// The parsed command line of one subcommand, read through the typed keys of its table.
struct Arguments: Equatable, Sendable {
    /// The action that was named or is the default: `add` of `chatty users add`; nil for a subcommand without actions.
    var action: String?
    /// By long name.
    var flags: [String: [FlagValue]] = [:]
    /// By the name that the usage line shows.
    var positionals: [String: [FlagValue]] = [:]

    /// The positional arguments that stand directly behind an option whose value was left out, by the option's long name: they may be meant as that.
    var behindBare: [String: String] = [:]

    /// The value of an option, its default where it was not given.
    subscript<Value>(flag: Flag<Value>) -> Value {
        guard let values = flags[flag.spec.name] else { return flag.absent }
        return flag.decode(values) ?? flag.absent
    }

    /// The value of a positional argument, its default where it was not given.
    subscript<Value>(positional: Positional<Value>) -> Value {
        guard let values = positionals[positional.spec.name] else { return positional.absent }
        return positional.decode(values) ?? positional.absent
    }

    /// Whether the option was on the command line at all.
    func has<Value>(_ flag: Flag<Value>) -> Bool { flags[flag.spec.name] != nil }

    /// Whether the positional argument stands directly behind that option, whose value was left out.
    func has<Value, Wrapped>(_ positional: Positional<Value>, behind flag: Flag<OptionalValue<Wrapped>>) -> Bool {
        behindBare[flag.spec.name] == positional.spec.name
    }

    /// Whether the positional argument was on the command line at all.
    func has<Value>(_ positional: Positional<Value>) -> Bool { positionals[positional.spec.name] != nil }
}
