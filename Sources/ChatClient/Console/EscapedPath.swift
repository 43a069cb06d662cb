import ChatProtocol

/// Paths as typed after `/p2pvideo`, in which a backslash makes the next byte literal. They are handled as bytes, as in the file system: a
/// space stays a space whatever follows it, even a combining mark.
public enum EscapedPath {
    private static let backslash = UInt8(ascii: "\\")

    private static func isSpecial(_ byte: UInt8) -> Bool { isBlank(byte) || byte == backslash || isQuote(byte) }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    public static func escaped(_ path: String) -> String {
        var out: [UInt8] = []
        for byte in path.utf8 {
            if isSpecial(byte) { out.append(backslash) }
            out.append(byte)
        }
        return String(decoding: out, as: UTF8.self)
    }

    public static func plain(_ typed: String) -> String {
        var out: [UInt8] = []
        var isEscaped = false
        for byte in typed.utf8 {
            isEscaped = !isEscaped && byte == backslash
            if !isEscaped { out.append(byte) }
        }
        if isEscaped { out.append(backslash) }
        return String(decoding: out, as: UTF8.self)
    }

    /// The typed path without unescaped spaces after it and without quotes around all of it.
    public static func trimmed(_ typed: String) -> String {
        var bytes = Array(typed.utf8)[...]
        while let last = bytes.last, isBlank(last) {
            let backslashes = bytes.dropLast().reversed().prefix { $0 == backslash }.count
            guard backslashes % 2 == 0 else { break }
            bytes.removeLast()
        }
        if bytes.count >= 2, let quote = bytes.first, isQuote(quote), bytes.last == quote { bytes = bytes.dropFirst().dropLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The words of a line, separated by spaces that are not escaped.
    static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        var isEscaped = false
        for byte in line.utf8 {
            if !isEscaped, isBlank(byte) {
                if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
                continue
            }
            isEscaped = !isEscaped && byte == backslash
            word.append(byte)
        }
        return word.isEmpty ? words : words + [String(decoding: word, as: UTF8.self)]
    }
}
