/// The name of an account or a group: 1 to 32 ASCII letters, digits, `_`, `-` and `.`, beginning with a letter.
///
/// Names are compared without regard to case (`CASEMAPPING=ascii`) and shown as they were registered.
public struct Name: Hashable, Sendable, CustomStringConvertible {
    /// The name as it was registered or typed.
    public let text: String
    /// The name in lower case, for comparing, hashing and keys of the store.
    public let folded: String

    /// The longest name, in bytes.
    public static let maximumLength = 32

    /// The reason why a text is not a name.
    public enum Defect: Error, Equatable, Sendable {
        case empty
        case tooLong
        case badFirstCharacter
        case badCharacter
    }

    /// Validates `text`; throws the reason why it is not a name.
    public init(_ text: String) throws(Defect) {
        let bytes = text.utf8
        guard let first = bytes.first else { throw .empty }
        guard bytes.count <= Name.maximumLength else { throw .tooLong }
        guard Name.isLetter(first) else { throw .badFirstCharacter }
        guard bytes.allSatisfy(Name.isAllowed) else { throw .badCharacter }
        self.text = text
        self.folded = Name.fold(text)
    }

    /// Whether `text` is a valid name.
    public static func isOne(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.count <= maximumLength && bytes.first.map(isLetter) == true && bytes.allSatisfy(isAllowed)
    }

    public static func == (left: Name, right: Name) -> Bool { left.folded == right.folded }
    public func hash(into hasher: inout Hasher) { hasher.combine(folded) }
    public var description: String { text }

    /// The text with ASCII letters in lower case; other characters stay as they are, so that any text can be looked up.
    public static func fold(_ text: String) -> String {
        var copy = text
        let folded = copy.withUTF8 { bytes -> String? in
            guard bytes.contains(where: { $0 >= 0x41 && $0 <= 0x5A }) else { return nil }
            return String(decoding: bytes.lazy.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
        }
        return folded ?? text
    }

    public static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }

    /// Whether a name may contain `byte`.
    public static func isAllowed(_ byte: UInt8) -> Bool {
        isLetter(byte) || (byte >= 0x30 && byte <= 0x39) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }
}

extension Name.Defect {
    /// The defect as the end of a sentence.
    public var reason: String {
        switch self {
        case .empty: "it is empty"
        case .tooLong: "it is longer than \(Name.maximumLength) characters"
        case .badFirstCharacter: "it must begin with a letter"
        case .badCharacter: "only letters, digits, '_', '-' and '.' are allowed"
        }
    }
}
