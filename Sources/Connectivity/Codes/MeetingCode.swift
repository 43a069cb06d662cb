/// What one person tells another, so that their machines find and trust each other: `7-guitar-ahead`.
///
/// The number says where to meet, and everybody may know it. The two words, of 1296 each, are the password: one of 1,679,616, enough where
/// each guess needs the other side's help (SPAKE2) and the first wrong one ends the code.
public struct MeetingCode: Hashable, Sendable, CustomStringConvertible {
    /// The numbers that codes have; those that are made are short.
    public static let numbers = 1...999
    static let shortNumbers = 1...99

    public let number: Int
    public let words: [String]

    /// - Parameter number: within ``numbers``.
    init(number: Int, random: inout some RandomNumberGenerator) {
        self.number = number
        words = (0..<2).map { _ in CodeWords.all[Int.random(in: CodeWords.all.indices, using: &random)] }
    }

    /// Parses what somebody typed: capital letters, and spaces, underscores or several dashes for a dash, are accepted.
    public init(_ text: some StringProtocol) throws(MeetingCodeError) {
        guard let parts = Self.parts(text) else { throw .notACode }
        guard parts.number.utf8.count <= 3, let number = Int(parts.number), Self.numbers.contains(number) else { throw .number }
        for word in parts.words where !CodeWords.contains(word) { throw .unknownWord(word, nearest: CodeWords.nearest(to: word)) }
        self.number = number
        words = parts.words
    }

    /// Whether a text is meant as a code, whole or mistyped: a number and two words. `notes-1-2` and `7.mp4` are none.
    public static func looksLikeCode(_ text: some StringProtocol) -> Bool { parts(text) != nil }

    public var description: String { ([String(number)] + words).joined(separator: "-") }

    /// The password of the exchange: the whole code in its usual form.
    var password: [UInt8] { Array(description.utf8) }

    /// A longer text is no code.
    private static let longest = 64

    private static func parts(_ text: some StringProtocol) -> (number: String, words: [String])? {
        let separators: Set<UInt8> = [UInt8(ascii: "-"), UInt8(ascii: " "), UInt8(ascii: "_"), UInt8(ascii: "\t"), UInt8(ascii: "\n")]
        guard text.utf8.count <= longest else { return nil }
        let bytes = text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        let parts = bytes.split { separators.contains($0) || $0 == UInt8(ascii: "\r") }
        guard parts.count == 3, parts[0].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            parts.dropFirst().allSatisfy({ $0.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } })
        else { return nil }
        let texts = parts.map { String(decoding: $0, as: UTF8.self) }
        return (texts[0], [texts[1], texts[2]])
    }
}

/// Why a text is not a code.
public enum MeetingCodeError: Error, Hashable, Sendable, CustomStringConvertible {
    case notACode
    case number
    case unknownWord(String, nearest: String?)

    public var description: String {
        switch self {
        case .notACode: "This is not a code: a code is a number and two words, such as 7-guitar-ahead."
        case .number: "The number of a code is 1 to \(MeetingCode.numbers.upperBound)."
        case .unknownWord(let word, let nearest):
            "No code has the word \(word)." + (nearest.map { " Did you mean \($0)?" } ?? "")
        }
    }
}

extension CodeWords {
    static func contains(_ word: String) -> Bool {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle] == word { return true }
            if all[middle].utf8.lexicographicallyPrecedes(word.utf8) { low = middle + 1 } else { high = middle }
        }
        return false
    }

    /// The word that was probably meant; nil if none is near.
    static func nearest(to word: String) -> String? {
        let typed = Array(word.utf8)
        let candidates = all.map { (word: $0, distance: distance(typed, Array($0.utf8))) }
        guard let best = candidates.min(by: { $0.distance < $1.distance }), best.distance <= 2 else { return nil }
        return best.word
    }

    /// How many letters have to be added, left out or changed to make one word of the other.
    static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let changed = diagonal + (letter == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
