/// Splitting and comparing texts by their bytes.
///
/// A protocol or a file system does not know `Character`s: `"a,\u{301}b"` holds no `Character` `,`, `"\r\n"` is a single one, and `==`
/// takes two texts that Unicode calls equivalent for the same (`"\u{212A}"` is `"K"`). So whatever decides about names, paths, delimiters
/// and words of a protocol uses these functions. Every delimiter is ASCII: such a byte is never part of another character.
extension String {
    /// The parts between the bytes that are `separator`.
    public func pieces(between separator: Unicode.Scalar, omittingEmpty: Bool = true) -> [String] {
        let byte = UInt8(ascii: separator)
        return utf8.split(separator: byte, omittingEmptySubsequences: omittingEmpty).map { String(Substring($0)) }
    }

    /// The part before the first `delimiter`; the whole text if there is none.
    public func upTo(_ delimiter: Unicode.Scalar) -> String {
        let byte = UInt8(ascii: delimiter)
        return String(Substring(utf8.prefix { $0 != byte }))
    }

    public func holds(_ scalar: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: scalar)) }

    public func begins(with start: String) -> Bool { utf8.starts(with: start.utf8) }

    public func ends(with end: String) -> Bool { utf8.count >= end.utf8.count && utf8.suffix(end.utf8.count).elementsEqual(end.utf8) }

    /// The part after `start`; nil if the text does not begin with it.
    public func rest(behind start: String) -> String? {
        begins(with: start) ? String(Substring(utf8.dropFirst(start.utf8.count))) : nil
    }

    /// The part before `end`; nil if the text does not end with it.
    public func rest(before end: String) -> String? {
        ends(with: end) ? String(Substring(utf8.dropLast(end.utf8.count))) : nil
    }

    /// Whether both texts consist of the same bytes.
    public func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// The text without leading and trailing spaces and tabs.
    public var withoutSpacesAround: String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let bytes = utf8.drop(while: isSpace)
        guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(Substring(bytes[...last]))
    }

    /// The text with ASCII letters in upper case; other characters stay as they are.
    public var asciiUppercased: String {
        guard utf8.contains(where: { $0 >= 0x61 && $0 <= 0x7A }) else { return self }
        return String(decoding: utf8.lazy.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }, as: UTF8.self)
    }
}

extension RandomAccessCollection<UInt8> {
    /// The bytes without the byte order mark that some editors put before a text and that does not belong to it (Unicode 23.8).
    public var withoutByteOrderMark: SubSequence { starts(with: [0xEF, 0xBB, 0xBF]) ? dropFirst(3) : self[...] }
}
