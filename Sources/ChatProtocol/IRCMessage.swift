/// One line of IRC: tags, source, command, parameters (RFC 2812 §2.3.1, modern.ircdocs.horse, IRCv3 message-tags).
public struct IRCMessage: Equatable, Sendable {
    public struct Tag: Hashable, Sendable {
        /// The key with its vendor and `+`, as on the wire.
        public var key: String
        /// The unescaped value; empty where the tag has none.
        public var value: String

        public init(_ key: String, _ value: String = "") {
            self.key = key
            self.value = value
        }
    }

    public var tags: [Tag]
    /// The name of a server or `nick!user@host`, without the colon.
    public var source: String?
    /// A word in upper case, or three digits.
    public var command: String
    public var parameters: [String]

    public init(tags: [Tag] = [], source: String? = nil, command: String, parameters: [String] = []) {
        self.tags = tags
        self.source = source
        self.command = command
        self.parameters = parameters
    }

    public init(_ command: String, _ parameters: String...) {
        self.init(command: command, parameters: parameters)
    }

    /// The value of the tag `key`; of several such tags the last one counts (IRCv3).
    public func tag(_ key: String) -> String? { tags.last { $0.key.isSame(as: key) }?.value }

    /// The nick of `nick!user@host`, or the whole source.
    public var nick: String? { source.map { $0.upTo("!") } }
}

extension IRCMessage {
    /// The reason why a line is not a message.
    public enum Defect: Error, Equatable, Sendable {
        case empty
        case notUTF8
        /// NUL, or a CR within the line.
        case forbiddenByte
        case tagsTooLong
        case bodyTooLong
        case badCommand
    }

    /// Parses one line without its line end.
    ///
    /// - Parameters:
    ///   - tagLimit: the longest tags in bytes, with `@` and the space.
    ///   - bodyLimit: the longest rest of the line in bytes, with the CRLF that is not passed.
    public init(
        parsing line: [UInt8], tagLimit: Int = Limits.serverTagBytes, bodyLimit: Int = Limits.lineBytes
    ) throws(Defect) {
        guard !line.contains(0), !line.contains(0x0D) else { throw .forbiddenByte }
        var rest = line[...]
        var tags: [Tag] = []
        if rest.first == UInt8(ascii: "@") {
            let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
            guard end - rest.startIndex + 1 <= tagLimit else { throw .tagsTooLong }
            tags = try IRCMessage.parseTags(rest[(rest.startIndex + 1)..<end])
            rest = rest[end...].drop { $0 == 0x20 }
        }
        guard rest.count + 2 <= bodyLimit else { throw .bodyTooLong }
        var source: String?
        if rest.first == UInt8(ascii: ":") {
            let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
            source = try IRCMessage.text(rest[(rest.startIndex + 1)..<end])
            rest = rest[end...].drop { $0 == 0x20 }
        }
        let commandEnd = rest.firstIndex(of: 0x20) ?? rest.endIndex
        let word = rest[rest.startIndex..<commandEnd]
        guard !word.isEmpty else { throw .empty }
        guard IRCMessage.isCommand(word) else { throw .badCommand }
        let command = String(decoding: word.lazy.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }, as: UTF8.self)
        rest = rest[commandEnd...].drop { $0 == 0x20 }
        var parameters: [String] = []
        while let first = rest.first {
            if first == UInt8(ascii: ":") || parameters.count == 14 {
                parameters.append(try IRCMessage.text(first == UInt8(ascii: ":") ? rest.dropFirst() : rest))
                break
            }
            let end = rest.firstIndex(of: 0x20) ?? rest.endIndex
            parameters.append(try IRCMessage.text(rest[rest.startIndex..<end]))
            rest = rest[end...].drop { $0 == 0x20 }
        }
        self.init(tags: tags, source: source, command: command, parameters: parameters)
    }

    private static func isCommand(_ word: ArraySlice<UInt8>) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        // Digits after the first letter are an extension of chatty (`P2P`); RFC 2812 allows letters only.
        if word.first.map(isDigit) == false { return word.allSatisfy { Name.isLetter($0) || isDigit($0) } }
        return word.count == 3 && word.allSatisfy(isDigit)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(Defect) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private static func parseTags(_ bytes: ArraySlice<UInt8>) throws(Defect) -> [Tag] {
        var tags: [Tag] = []
        for item in bytes.split(separator: UInt8(ascii: ";")) {
            let equals = item.firstIndex(of: UInt8(ascii: "="))
            let key = try text(item[item.startIndex..<(equals ?? item.endIndex)])
            guard !key.isEmpty else { continue }
            tags.append(Tag(key, try equals.map { (index) throws(Defect) in try unescape(item[(index + 1)...]) } ?? ""))
        }
        return tags
    }

    /// Unescapes a value (IRCv3 message-tags, "Escaping values"): a backslash before any other character or at the end is dropped.
    private static func unescape(_ bytes: ArraySlice<UInt8>) throws(Defect) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else { return try text(bytes) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var escaped = false
        for byte in bytes {
            if !escaped, byte == UInt8(ascii: "\\") {
                escaped = true
                continue
            }
            if escaped {
                switch byte {
                case UInt8(ascii: ":"): out.append(UInt8(ascii: ";"))
                case UInt8(ascii: "s"): out.append(0x20)
                case UInt8(ascii: "r"): out.append(0x0D)
                case UInt8(ascii: "n"): out.append(0x0A)
                default: out.append(byte)
                }
            } else {
                out.append(byte)
            }
            escaped = false
        }
        return try text(out[...])
    }
}

extension IRCMessage {
    /// Appends the line with its CRLF to `out`.
    ///
    /// Nothing can end a line or a parameter early: CR, LF and NUL become spaces, and in a middle parameter these and spaces become `_`.
    public func serialize(into out: inout some ByteSink) {
        if !tags.isEmpty {
            var separator = UInt8(ascii: "@")
            for tag in tags {
                out.append(separator)
                out.append(contentsOf: tag.key.utf8)
                if !tag.value.isEmpty {
                    out.append(UInt8(ascii: "="))
                    IRCMessage.escape(tag.value, into: &out)
                }
                separator = UInt8(ascii: ";")
            }
            out.append(0x20)
        }
        if let source {
            out.append(UInt8(ascii: ":"))
            IRCMessage.append(source, middle: true, into: &out)
            out.append(0x20)
        }
        out.append(contentsOf: command.utf8)
        for (index, parameter) in parameters.enumerated() {
            out.append(0x20)
            let last = index == parameters.count - 1
            let trailing = last && (parameter.isEmpty || parameter.utf8.first == UInt8(ascii: ":") || parameter.utf8.contains(0x20))
            if trailing || (last && IRCMessage.alwaysTrailing.contains(command)) { out.append(UInt8(ascii: ":")) }
            IRCMessage.append(parameter, middle: !last, into: &out)
        }
        out.append(0x0D)
        out.append(0x0A)
    }

    /// The line with its CRLF.
    public var encoded: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(128)
        serialize(into: &out)
        return out
    }

    /// Commands whose last parameter older clients expect after a colon even if it is one word.
    private static let alwaysTrailing: Set<String> = ["PRIVMSG", "NOTICE", "ERROR", "QUIT", "332", "353"]

    private static func append(_ text: String, middle: Bool, into out: inout some ByteSink) {
        if middle, text.isEmpty { return out.append(UInt8(ascii: "*")) }
        func isReplaced(_ byte: UInt8) -> Bool { byte <= 0x20 && (byte == 0 || byte == 0x0A || byte == 0x0D || middle && byte == 0x20) }
        guard text.utf8.contains(where: isReplaced) else { return out.append(contentsOf: text.utf8) }
        for byte in text.utf8 { out.append(isReplaced(byte) ? (middle ? UInt8(ascii: "_") : 0x20) : byte) }
    }

    private static func escape(_ value: String, into out: inout some ByteSink) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: ";"): out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: ":")])
            case 0x20: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "s")])
            case UInt8(ascii: "\\"): out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
            case 0x0D: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0x0A: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0: break
            default: out.append(byte)
            }
        }
    }
}
