import ChatHub
import ChatProtocol

// Recognises IRC by a raw line.

extension IRCCodec {
    /// Recognises a line with which an IRC client begins, and which cannot be a user's name: a command of the registration with a parameter.
    /// The parameter may be a password, so even one with NUL or invalid UTF-8 is answered as IRC and not repeated.
    /// - Returns: the line without leading spaces; nil for any other line.
    static func opening(_ line: [UInt8]) -> [UInt8]? {
        let line = line.drop(while: isBlank)
        var rest = line
        // Tags and source are optional.
        for mark in "@:".utf8 where rest.first == mark { rest = rest.drop { !isBlank($0) }.drop(while: isBlank) }
        let word = rest.prefix(while: Name.isLetter)
        rest = rest[word.endIndex...]
        guard openings.contains(String(decoding: word, as: UTF8.self).asciiUppercased), rest.first.map({ !Name.isAllowed($0) }) == true,
            !rest.allSatisfy(isBlank)
        else { return nil }
        return Array(line)
    }

    /// The part of a line after its tags and its source.
    static func rest(of line: [UInt8]) -> [UInt8] {
        var rest = line[...]
        for mark in "@:".utf8 where rest.first == mark { rest = rest.drop { $0 != 0x20 }.drop { $0 == 0x20 } }
        return Array(rest)
    }

    private static let openings: Set = ["CAP", "NICK", "USER", "PASS", "AUTHENTICATE"]
    private static let secret: Set = ["PASS", "PASSWD", "AUTHENTICATE"]

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The first word of a malformed line, to name it in the answer. If it begins like a command that has a password, only that command.
    static func word(of line: [UInt8]) -> ArraySlice<UInt8> {
        let word = line.prefix { $0 != 0x20 }
        let letters = word.prefix(while: Name.isLetter)
        return secret.contains(String(decoding: letters, as: UTF8.self).asciiUppercased) ? letters : word
    }
}
