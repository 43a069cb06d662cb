import Connectivity
import TransferProtocol

/// The kind of the value of an option or of a positional argument: how it is checked, and how a shell completes it.
enum ValueKind: Equatable, Sendable {
    /// Any text.
    case text
    /// A decimal number within the range.
    case number(ClosedRange<Int>)
    /// A port number, 0 to 65535 where 0 is "any free one", else 1 to 65535.
    case port(zeroIsAnyFree: Bool)
    /// A port number, 0 for any free one, or a code such as `7-guitar-ahead`.
    case portOrCode
    /// `90`, `90s`, `1500ms`, `2m`, `1h`; a number alone is seconds.
    case duration(ClosedRange<Duration>)
    /// Bytes a second: `500K`, `20M`, `1.5G` (powers of 1000), `64Ki`, `8Mi` (powers of 1024), or bits: `100Mbit`.
    case byteRate
    /// The same, or `off`, which is 0.
    case byteRateOrOff
    /// Messages a second: `5` or `5/s`.
    case eventRate
    /// The path of a file, which need not be text.
    case file
    /// The path of a folder, which need not be text.
    case directory
    /// The name or address of a machine.
    case host
    /// A file, a host or a code, which only the command itself can distinguish; it need not be text.
    case fileOrHost
    /// One of these words.
    case choice([String])

    /// Checks and converts one value.
    /// - Throws: the form of a valid value, to follow "needs".
    func parse(_ word: ByteString) throws(ValueProblem) -> FlagValue {
        switch self {
        case .file, .directory, .fileOrHost:
            guard !word.isEmpty else { throw ValueProblem(expected: "a value") }
            return .path(word)
        default:
            guard let text = word.text else { throw ValueProblem(expected: "text in UTF-8") }
            return try value(of: text)
        }
    }

    func parse(_ text: String) throws(ValueProblem) -> FlagValue {
        // Words from the system contain no NUL.
        guard !text.utf8.contains(0) else { throw ValueProblem(expected: "text without a NUL character") }
        return try parse(ByteString(text))
    }

    private func value(of text: String) throws(ValueProblem) -> FlagValue {
        switch self {
        case .file, .directory, .fileOrHost: return .path(ByteString(text))
        case .text, .host:
            guard !text.isEmpty else { throw ValueProblem(expected: "a value") }
            return .text(text)
        case .number(let range):
            guard let number = Self.decimal(text), range.contains(number) else {
                throw ValueProblem(expected: "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return .number(number)
        case .port(let zeroIsAnyFree):
            let range = (zeroIsAnyFree ? 0 : 1)...65535
            guard let number = Self.decimal(text), range.contains(number) else {
                throw ValueProblem(expected: "a port number from \(range.lowerBound) to \(range.upperBound)")
            }
            return .number(number)
        case .portOrCode:
            // The command itself says what is wrong with a code.
            if MeetingCode.looksLikeCode(text) { return .text(text) }
            guard let number = Self.decimal(text), (0...65535).contains(number) else {
                throw ValueProblem(expected: "a port number from 0 to 65535 or a code such as 7-guitar-ahead")
            }
            return .number(number)
        case .duration(let range):
            guard let duration = Self.duration(text) else {
                throw ValueProblem(expected: "a time such as 30, 30s, 500ms, 2m or 1h")
            }
            guard range.contains(duration) else {
                throw ValueProblem(
                    expected: "a time from \(Self.describe(range.lowerBound)) to \(Self.describe(range.upperBound))")
            }
            return .duration(duration)
        case .byteRate:
            guard let rate = Self.byteRate(text) else {
                throw ValueProblem(expected: "bytes a second such as 500K, 20M or 1.5G, or bits such as 100Mbit")
            }
            return .number(rate)
        case .byteRateOrOff:
            if text == "off" { return .number(0) }
            guard let rate = Self.byteRate(text) else {
                throw ValueProblem(expected: "off, or bytes a second such as 500K or 2M, or bits such as 16Mbit")
            }
            return .number(rate)
        case .eventRate:
            let digits = text.utf8.suffix(2).elementsEqual("/s".utf8) ? String(text.utf8.dropLast(2)) ?? "" : text
            guard let rate = Self.decimal(digits), (0...1_000_000).contains(rate) else {
                throw ValueProblem(expected: "a number a second such as 5 or 5/s, or 0 for no limit")
            }
            return .number(rate)
        case .choice(let words):
            guard words.contains(text) else { throw ValueProblem(expected: "one of \(words.joined(separator: ", "))") }
            return .text(text)
        }
    }

    /// A number of digits only: `Int(_:)` would also accept a sign.
    private static func decimal(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func duration(_ text: String) -> Duration? {
        let digits = text.unicodeScalars.prefix { ("0"..."9").contains($0) }
        guard let number = decimal(String(digits)), number <= 10_000_000 else { return nil }
        switch text[digits.endIndex...] {
        case "", "s": return .seconds(number)
        case "ms": return .milliseconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    private static func byteRate(_ text: String) -> Int? {
        let digits = text.unicodeScalars.prefix { ("0"..."9").contains($0) || $0 == "." }
        guard let first = digits.first, let last = digits.last, first != ".", last != ".", let number = Double(String(digits)) else {
            return nil
        }
        var unit = text.utf8[digits.endIndex...]
        var scale = 1.0
        if unit.suffix(3).elementsEqual("bit".utf8) {
            unit = unit.dropLast(3)
            scale = 1.0 / 8
        } else if unit.last == UInt8(ascii: "B") {
            unit = unit.dropLast()
        }
        switch Substring(unit) {
        case "": break
        case "K", "k": scale *= 1e3
        case "M": scale *= 1e6
        case "G": scale *= 1e9
        case "Ki": scale *= 1024
        case "Mi": scale *= 1024 * 1024
        case "Gi": scale *= 1024 * 1024 * 1024
        default: return nil
        }
        let rate = number * scale
        guard rate >= 1, rate <= 1e12 else { return nil }
        return Int(rate)
    }

    /// A duration as the user would type it: `500ms`, `10s`.
    static func describe(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return attoseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms"
    }
}

/// The reason why a value is invalid.
struct ValueProblem: Error, Equatable {
    /// The form of a valid value, to follow "needs".
    let expected: String
}
