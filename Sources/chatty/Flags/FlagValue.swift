import TransferProtocol

/// A value from the command line, after the check that its `ValueKind` asks for.
enum FlagValue: Equatable, Sendable {
    case text(String)
    /// The bytes as they were given.
    case path(ByteString)
    case number(Int)
    case duration(Duration)
    /// An option whose value may be left out was given without one.
    case bare
}

/// A Swift type that typed access to the parsed arguments can give.
protocol FlagDecodable: Sendable {
    /// - Returns: nil where `value` is of another shape; the table's tests show that no key meets that.
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
