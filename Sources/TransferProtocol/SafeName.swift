/// A relative path that is safe to create below a folder, made from any name that a peer sends.
///
/// Rules:
/// - The byte `/` separates parts. Empty parts, `.` and `..` are removed: no path is absolute or climbs.
/// - Control and format characters (bidi overrides among them) and `\` become `_`. White space around a part is removed.
/// - A leading dot of the first part becomes `_`: a file is hidden only inside a folder.
/// - No part has the form of a journal's name (see ``journalName``) or consists of dots alone.
/// - Names of devices on some systems (`CON`, `nul.txt`) get a leading `_`.
/// - A part is cut to 230 bytes of UTF-8 and keeps its extension.
/// - The dot of a final `.part` becomes `_`: no file gets the name of another's part file (see ``partName``).
///
/// The rules work on Unicode scalars, and names are equal if their bytes are: a combining mark behind a `/` or a dot changes neither. Held
/// by `SafeNameTests`.
public struct SafeName: Sendable {
    /// Bytes of one part: file systems allow 255, and numbering and the journal's name need the difference.
    public static let maximumPartBytes = 230
    /// Bytes of the whole path.
    public static let maximumBytes = 4000
    public static let maximumDepth = 64

    /// The parts of the path; at least one.
    public let parts: [ByteString]
    /// The peer's own spelling of each of `parts`; nil if the user of this machine chose the name.
    public let offered: [ByteString]?

    /// Makes a peer's name safe; nil if no part of it is left, or if it is too long or too deep.
    public init?(_ offered: String) {
        guard offered.utf8.count <= 4 * Self.maximumBytes else { return nil }
        let given = offered.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
        var parts: [ByteString] = []
        var kept: [ByteString] = []
        for part in given {
            guard let safe = SafePart.bytes(of: part.unicodeScalars, isFirst: parts.isEmpty) else { continue }
            parts.append(safe)
            kept.append(ByteString(part))
        }
        guard !parts.isEmpty, parts.count <= Self.maximumDepth else { return nil }
        guard parts.reduce(parts.count, { $0 + $1.bytes.count }) <= Self.maximumBytes else { return nil }
        self.parts = parts
        self.offered = kept
    }

    private init(parts: [ByteString], offered: [ByteString]?) {
        self.parts = parts
        self.offered = offered
    }

    /// The whole path, for display.
    public var path: String { parts.joined(by: "/").description }
    /// Whether the path is spelled as the peer sent it, except for parts without a meaning, such as a `/` at the start.
    public var isAsOffered: Bool { offered.map { $0 == parts } ?? true }
    /// The folders above the file, outermost first.
    public var folders: ArraySlice<ByteString> { parts.dropLast() }
    /// The file's own name.
    public var last: ByteString { parts[parts.count - 1] }

    /// `movie (1).mp4` for 1; the name itself for 0.
    public func numbered(_ number: Int) -> SafeName {
        guard number > 0 else { return self }
        let (stem, dotted) = SafePart.split(last.bytes[...], atDot: UInt8(ascii: ".")) { $0.count }
        return called(ByteString(stem) + ByteString(" (\(number))") + ByteString(dotted))
    }

    /// The same file under another name of its own.
    public func called(_ last: ByteString) -> SafeName { SafeName(parts: folders + [last], offered: offered) }

    /// The same file in another folder.
    public func moved(to folders: [ByteString]) -> SafeName { SafeName(parts: folders + [last], offered: offered) }

    /// The folder at part `index`, with the folders above it.
    public func folder(at index: Int) -> SafeName {
        SafeName(parts: Array(parts[...index]), offered: offered.map { Array($0[...index]) })
    }

    /// Names to try if the file system refuses this one, the most similar first: without the characters that several file systems reserve,
    /// then in ASCII only. Empty for a name that the user of this machine chose.
    public var substitutes: [SafeName] {
        guard offered != nil else { return [] }
        let portable = SafePart.portable(last)
        let plain = SafePart.ascii(portable)
        return [last, portable, plain].uniqued().dropFirst().map(called)
    }

    /// The name of the file while it is incomplete, in the same folder.
    public var partName: ByteString { last + ".part" }
    /// The name of the hidden journal, which records what the part file holds.
    public var journalName: ByteString { "." + last + ".part.journal" }
}

extension SafeName {
    /// A file name that the user of this machine chose, which may be hidden or not UTF-8. Nil only for what cannot be a name: empty, `.`,
    /// `..`, with a `/`, or too long.
    public init?(chosen name: ByteString) {
        guard !name.isEmpty, name != ".", name != "..", !name.bytes.contains(UInt8(ascii: "/")), name.bytes.count <= Self.maximumPartBytes
        else { return nil }
        parts = [name]
        offered = nil
    }
}

extension SafeName: Hashable {
    /// Two names are equal if their parts are, whatever the peer's spelling was.
    public static func == (left: SafeName, right: SafeName) -> Bool { left.parts == right.parts }
    public func hash(into hasher: inout Hasher) { hasher.combine(parts) }
}

extension [ByteString] {
    fileprivate func uniqued() -> [ByteString] {
        var seen: Set<ByteString> = []
        return filter { seen.insert($0).inserted }
    }
}

/// One part of an offered path, made safe.
private enum SafePart {
    typealias Scalars = ArraySlice<Unicode.Scalar>

    static func bytes(of part: Substring.UnicodeScalarView, isFirst: Bool) -> ByteString? {
        guard !part.elementsEqual(["."]), !part.elementsEqual([".", "."]) else { return nil }
        var scalars = trimmed(part.map { isPlain($0) ? $0 : "_" }[...])
        if isDevice(scalars) { scalars.insert("_", at: scalars.startIndex) }
        scalars = shortened(scalars)
        guard let start = scalars.indices.first else { return nil }
        let first = scalars.firstIndex(where: isSeen) ?? start
        let isNothing = scalars.allSatisfy { $0 == "." || !isSeen($0) || $0.properties.isWhitespace }
        if isNothing || (scalars[first] == "." && (isFirst || isJournal(scalars))) { scalars[first] = "_" }
        if let dot = dot(of: ".part", in: scalars) { scalars[dot] = "_" }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return ByteString(String(text))
    }

    /// Whether a part that begins with a dot has the form of a journal's name.
    private static func isJournal(_ scalars: Scalars) -> Bool {
        dot(of: ".journal", in: scalars).map { dot(of: ".part", in: scalars[..<$0]) != nil } ?? false
    }

    /// The index of the dot of the extension `dotted`, if it is the last one. Compares as the most lenient file systems do: without regard
    /// to ASCII case, ignorable characters, and dots and blanks at the end.
    private static func dot(of dotted: String, in scalars: Scalars) -> Scalars.Index? {
        guard let last = scalars.lastIndex(where: { isSeen($0) && $0 != "." && !$0.properties.isWhitespace }),
            let dot = scalars[...last].lastIndex(of: ".")
        else { return nil }
        return folded(scalars[dot...last]).elementsEqual(dotted.unicodeScalars) ? dot : nil
    }

    /// The part without the characters that FAT, exFAT, NTFS and their network protocols reserve or refuse.
    static func portable(_ part: ByteString) -> ByteString {
        let end = part.bytes.lastIndex { $0 != UInt8(ascii: ".") } ?? -1
        return ByteString(
            part.bytes.enumerated().map { index, byte in index > end || #"?:*<>|""#.utf8.contains(byte) ? UInt8(ascii: "_") : byte })
    }

    static func ascii(_ part: ByteString) -> ByteString {
        var text = String.UnicodeScalarView()
        for scalar in part.description.unicodeScalars { text.append(scalar.isASCII ? scalar : "_") }
        return ByteString(String(text))
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        // Joiners are how several scripts and emoji are written; they can neither reorder nor hide text.
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: return false
        default: return scalar != "\\"
        }
    }

    /// Whether the scalar is visible: some file systems ignore default-ignorable ones, such as a joiner.
    private static func isSeen(_ scalar: Unicode.Scalar) -> Bool { !scalar.properties.isDefaultIgnorableCodePoint }

    /// The visible scalars, ASCII letters in lower case.
    private static func folded(_ scalars: Scalars) -> [Unicode.Scalar] {
        scalars.filter(isSeen).map { ("A"..."Z").contains($0) ? Unicode.Scalar(UInt8($0.value) | 0x20) : $0 }
    }

    private static func trimmed(_ scalars: Scalars) -> Scalars {
        let tail = scalars.drop { $0.properties.isWhitespace }
        return tail[..<(tail.lastIndex { !$0.properties.isWhitespace }.map { $0 + 1 } ?? tail.startIndex)]
    }

    /// The names that Windows and file servers keep for devices, with any extension (`nul.txt` is `NUL` there).
    private static func isDevice(_ scalars: Scalars) -> Bool {
        let stem = folded(trimmed(scalars.prefix { $0 != "." }))
        let names = ["con", "prn", "aux", "nul", "clock$", "conin$", "conout$"]
        if names.contains(where: { $0.unicodeScalars.elementsEqual(stem) }) { return true }
        guard stem.count == 4, let number = stem.last else { return false }
        return ["com", "lpt"].contains { $0.unicodeScalars.elementsEqual(stem.dropLast()) }
            && "0123456789¹²³".unicodeScalars.contains(number)
    }

    private static func shortened(_ scalars: Scalars) -> Scalars {
        guard byteCount(scalars) > SafeName.maximumPartBytes else { return scalars }
        let (stem, dotted) = split(scalars, atDot: ".", byteCount)
        var room = SafeName.maximumPartBytes - byteCount(dotted)
        let kept = stem.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return trimmed(kept + dotted)
    }

    private static func byteCount(_ scalars: Scalars) -> Int { scalars.reduce(0) { $0 + UTF8.width($1) } }

    /// The stem and the extension with its dot; a name without an extension of at most 17 bytes is all stem.
    static func split<Element: Equatable>(_ name: ArraySlice<Element>, atDot dot: Element, _ byteCount: (ArraySlice<Element>) -> Int)
        -> (stem: ArraySlice<Element>, dotted: ArraySlice<Element>)
    {
        guard let index = name.lastIndex(of: dot), index != name.startIndex, byteCount(name[index...]) <= 17 else { return (name, []) }
        return (name[..<index], name[index...])
    }
}
