import TransferProtocol

/// A value from the command line, checked by its `ValueKind`.
enum FlagValue: Equatable, Sendable {
    case text(String)
    /// The bytes as they were given.
    case path(ByteString)
    case number(Int)
    case duration(Duration)
    /// The option was given without its optional value.
    case bare
}

/// A type to which a value of the command line can be converted.
protocol FlagDecodable: Sendable {
    /// - Returns: nil if `value` is of another kind; the tests of the table show that this never happens.
    init?(flagValue value: FlagValue)
}

extension String: FlagDecodable {
    init?(flagValue value: FlagValue) {
        guard case .text(let text) = value else { return nil }
        self = text
    }
}

extension ByteString: FlagDecodable {
    init?(flagValue value: FlagValue) {
        guard case .path(let path) = value else { return nil }
        self = path
    }
}

extension Int: FlagDecodable {
    init?(flagValue value: FlagValue) {
        guard case .number(let number) = value else { return nil }
        self = number
    }
}

extension Duration: FlagDecodable {
    init?(flagValue value: FlagValue) {
        guard case .duration(let duration) = value else { return nil }
        self = duration
    }
}

extension FlagDecodable where Self: RawRepresentable, RawValue == String {
    init?(flagValue value: FlagValue) {
        guard case .text(let text) = value else { return nil }
        self.init(rawValue: text)
    }
}
