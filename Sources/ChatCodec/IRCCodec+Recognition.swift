import ChatHub
import ChatProtocol

// Lines that tell what they are before they are read.

extension IRCCodec {
    /// A line with which a client of IRC begins, and which is no user's name: one of its first commands with something behind it. Whatever that is, NUL or what is
    /// not UTF-8 as well: it may be a password, so it is answered as IRC and not repeated.
    /// - Returns: the line without spaces before it; nil for any other.
    static func opening(_ line: [UInt8]) -> [UInt8]? {
        let line = line.drop(while: isBlank)
        var rest = line
        // Tags, and a source that a client need not send.
        for mark in "@:".utf8 where rest.first == mark { rest = rest.drop { !isBlank($0) }.drop(while: isBlank) }
        let word = rest.prefix(while: Name.isLetter)
        rest = rest[word.endIndex...]
        guard openings.contains(String(decoding: word, as: UTF8.self).asciiUppercased), rest.first.map({ !Name.isAllowed($0) }) == true,
            !rest.allSatisfy(isBlank)
        else { return nil }
        return Array(line)
    }

    /// A line behind its tags and its source.
    static func rest(of line: [UInt8]) -> [UInt8] {
        var rest = line[...]
        for mark in "@:".utf8 where rest.first == mark { rest = rest.drop { $0 != 0x20 }.drop { $0 == 0x20 } }
        return Array(rest)
    }

    private static let openings: Set = ["CAP", "NICK", "USER", "PASS", "AUTHENTICATE"]
    private static let secret: Set = ["PASS", "PASSWD", "AUTHENTICATE"]

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The first word of a line that is no command, to be named in an answer: of one that begins like a command with a password no more than that command.
    static func word(of line: [UInt8]) -> ArraySlice<UInt8> {
        let word = line.prefix { $0 != 0x20 }
        let letters = word.prefix(while: Name.isLetter)
        return secret.contains(String(decoding: letters, as: UTF8.self).asciiUppercased) ? letters : word
    }
}
