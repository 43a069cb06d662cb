/// One positional argument in the table.
struct PositionalSpec: Sendable {
    /// The name in the usage line: `PORT`.
    let name: String
    let kind: ValueKind
    let arity: Arity
    /// The default as the user would type it; nil if there is none.
    let defaultText: String?
    /// Sentences for the manual page.
    let manual: String

    enum Arity: Sendable {
        case required
        case optional
        /// One or more words. At most one argument of a subcommand is so, and those after it take the last words.
        case oneOrMore
    }

    /// `PORT`, `[PORT]` or `FILE...`
    var usage: String {
        switch arity {
        case .required: name
        case .optional: "[\(name)]"
        case .oneOrMore: "\(name)..."
        }
    }
}

/// A typed key to a positional argument.
struct Positional<Value: Sendable>: Sendable {
    let spec: PositionalSpec
    /// The value if the argument is not given.
    let absent: Value
    let decode: @Sendable ([FlagValue]) -> Value?
}

extension Positional {
    static func optional<Wrapped: FlagDecodable>(_ name: String, _ kind: ValueKind, defaultText: String? = nil, manual: String)
        -> Positional
    where Value == Wrapped? {
        Positional(
            spec: PositionalSpec(name: name, kind: kind, arity: .optional, defaultText: defaultText, manual: manual),
            absent: nil, decode: { $0.last.flatMap(Wrapped.init(flagValue:)).map(Optional.some) })
    }

    static func oneOrMore<Element: FlagDecodable>(_ name: String, _ kind: ValueKind, manual: String) -> Positional
    where Value == [Element] {
        Positional(
            spec: PositionalSpec(name: name, kind: kind, arity: .oneOrMore, defaultText: nil, manual: manual),
            absent: [],
            decode: { values in
                let elements = values.compactMap(Element.init(flagValue:))
                return elements.count == values.count ? elements : nil
            })
    }
}

extension Positional where Value: FlagDecodable & ExpressibleByStringLiteral {
    /// An argument without which the parser refuses the command line, so that `absent` is never read.
    static func required(_ name: String, _ kind: ValueKind, manual: String) -> Positional {
        Positional(
            spec: PositionalSpec(name: name, kind: kind, arity: .required, defaultText: nil, manual: manual),
            absent: "", decode: { $0.last.flatMap(Value.init(flagValue:)) })
    }
}

extension Positional where Value: FlagDecodable {
    static func optional(_ name: String, _ kind: ValueKind, default absent: Value, _ defaultText: String, manual: String)
        -> Positional
    {
        Positional(
            spec: PositionalSpec(name: name, kind: kind, arity: .optional, defaultText: defaultText, manual: manual),
            absent: absent, decode: { $0.last.flatMap(Value.init(flagValue:)) })
    }
}
