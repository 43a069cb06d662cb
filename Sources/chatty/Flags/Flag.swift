/// A typed key to one option: `arguments[ServeFlags.grace]` is a `Duration`, which the compiler checks.
struct Flag<Value: Sendable>: Sendable {
    let spec: FlagSpec
    /// The value if the option is not given.
    let absent: Value
    /// Converts the given values, at least one, in order.
    let decode: @Sendable ([FlagValue]) -> Value?
}

extension Flag where Value == Bool {
    /// A switch: false unless given.
    static func `switch`(
        _ name: String, short: Character? = nil, aliases: [String] = [], actions: [String]? = nil,
        _ summary: String, manual: String
    ) -> Flag {
        Flag(
            spec: FlagSpec(
                name: name, short: short, aliases: aliases, value: nil, isRepeatable: false, defaultText: nil,
                actions: actions, summary: summary, manual: manual),
            absent: false, decode: { _ in true })
    }
}

extension Flag where Value: FlagDecodable {
    /// An option with a value and a default.
    /// - Parameter defaultText: the default as a user would type it; it must parse to `default`, which a test checks.
    static func value(
        _ name: String, short: Character? = nil, aliases: [String] = [], _ valueName: String, _ kind: ValueKind,
        default absent: Value, _ defaultText: String, actions: [String]? = nil, _ summary: String, manual: String
    ) -> Flag {
        Flag(
            spec: FlagSpec(
                name: name, short: short, aliases: aliases, value: ValueSpec(name: valueName, kind: kind),
                isRepeatable: false, defaultText: defaultText, actions: actions, summary: summary, manual: manual),
            absent: absent, decode: { $0.last.flatMap(Value.init(flagValue:)) })
    }
}

extension Flag where Value: FlagDecodable & RawRepresentable & CaseIterable, Value.RawValue == String {
    /// An option whose value is one of the raw values of an enumeration.
    static func choice(
        _ name: String, short: Character? = nil, _ valueName: String, default absent: Value, actions: [String]? = nil,
        _ summary: String, manual: String
    ) -> Flag {
        .value(
            name, short: short, valueName, .choice(Value.allCases.map(\.rawValue)), default: absent, absent.rawValue,
            actions: actions, summary, manual: manual)
    }
}

extension Flag {
    /// An option with a value and no default: nil unless given.
    static func optional<Wrapped: FlagDecodable>(
        _ name: String, short: Character? = nil, aliases: [String] = [], _ valueName: String, _ kind: ValueKind,
        actions: [String]? = nil, _ summary: String, manual: String
    ) -> Flag where Value == Wrapped? {
        Flag(
            spec: FlagSpec(
                name: name, short: short, aliases: aliases, value: ValueSpec(name: valueName, kind: kind),
                isRepeatable: false, defaultText: nil, actions: actions, summary: summary, manual: manual),
            absent: nil, decode: { $0.last.flatMap(Wrapped.init(flagValue:)).map(Optional.some) })
    }

    /// An option whose value may be left out.
    static func optionalValue<Wrapped: FlagDecodable>(
        _ name: String, _ valueName: String, _ kind: ValueKind, actions: [String]? = nil, _ summary: String, manual: String
    ) -> Flag where Value == OptionalValue<Wrapped> {
        Flag(
            spec: FlagSpec(
                name: name, short: nil, aliases: [], value: ValueSpec(name: valueName, kind: kind, isOptional: true),
                isRepeatable: false, defaultText: nil, actions: actions, summary: summary, manual: manual),
            absent: .absent,
            decode: { values in
                values.last.flatMap { $0 == .bare ? .bare : Wrapped(flagValue: $0).map(OptionalValue.given) }
            })
    }

    /// An option that may be given several times.
    static func repeatable<Element: FlagDecodable>(
        _ name: String, short: Character? = nil, _ valueName: String, _ kind: ValueKind, actions: [String]? = nil,
        _ summary: String, manual: String
    ) -> Flag where Value == [Element] {
        Flag(
            spec: FlagSpec(
                name: name, short: short, aliases: [], value: ValueSpec(name: valueName, kind: kind), isRepeatable: true,
                defaultText: nil, actions: actions, summary: summary, manual: manual),
            absent: [],
            decode: { values in
                let elements = values.compactMap(Element.init(flagValue:))
                return elements.count == values.count ? elements : nil
            })
    }
}

/// The state of an option whose value may be left out.
enum OptionalValue<Wrapped: Sendable>: Sendable {
    case absent
    case bare
    case given(Wrapped)
}

extension OptionalValue: Equatable where Wrapped: Equatable {}
