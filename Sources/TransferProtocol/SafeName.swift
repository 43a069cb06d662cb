/// A relative path that is safe to create below a folder, whatever a peer called it.
///
/// Rules: the byte `/` separates; empty parts, `.` and `..` vanish, so that nothing is absolute and nothing climbs; control and format
/// characters (bidi overrides among them) and `\` become `_`; white space around a part goes; a leading dot of the first part becomes `_`, so
/// that nothing is hidden but what is in a folder that is not; no part can be a journal's (see ``journalName``), or one of dots alone; names
/// that are devices somewhere (`CON`, `nul.txt`) get a `_` before them; parts are cut to 230 bytes of UTF-8 keeping their extension; the dot of `.part` at an end becomes `_`, so that no peer's file
/// gets the name of what another is being written to (see ``partName``). Held by `SafeNameTests`.
///
/// All of it is decided by scalars, and two names are one where their bytes are: a mark behind a `/` or a dot makes neither less of one.
public struct SafeName: Sendable {
    /// Bytes of one part: 255 is what file systems take, less what numbering and the journal's name add.
    public static let maximumPartBytes = 230
    /// Bytes of the whole path.
    public static let maximumBytes = 4000
    public static let maximumDepth = 64

    /// At least one.
    public let parts: [ByteString]
    /// What the peer called them, one for one; nil where the user of this machine chose the name.
    public let offered: [ByteString]?

    /// Nil where nothing is left of the name, or too much.
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

    /// For people.
    public var path: String { parts.joined(by: "/").description }
    /// Whether it is what the peer called it, but for what means nothing, such as a `/` at the start.
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

    /// The folder that is called as part `index` and those before it are.
    public func folder(at index: Int) -> SafeName {
        SafeName(parts: Array(parts[...index]), offered: offered.map { Array($0[...index]) })
    }

    /// What to call it where the file system refuses the name, the nearest first: without the characters that several file systems keep for
    /// themselves, and without any but ASCII. None for a name that the user of this machine chose.
    public var substitutes: [SafeName] {
        guard offered != nil else { return [] }
        let portable = SafePart.portable(last)
        let plain = SafePart.ascii(portable)
        return [last, portable, plain].uniqued().dropFirst().map(called)
    }

    /// The name of a file that is not whole yet, in the same folder.
    public var partName: ByteString { last + ".part" }
    /// The hidden file that says what the `.part` holds.
    public var journalName: ByteString { "." + last + ".part.journal" }
}

extension SafeName {
    /// The name of a file as the user of this machine chose it, who may well want a hidden one, and one that is not UTF-8: only what is no
    /// name at all is refused.
    public init?(chosen name: ByteString) {
        guard !name.isEmpty, name != ".", name != "..", !name.bytes.contains(UInt8(ascii: "/")), name.bytes.count <= Self.maximumPartBytes
        else { return nil }
        parts = [name]
        offered = nil
    }
}

extension SafeName: Hashable {
    /// Whatever a peer called them.
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

    /// Of what begins with a dot.
    private static func isJournal(_ scalars: Scalars) -> Bool {
        dot(of: ".journal", in: scalars).map { dot(of: ".part", in: scalars[..<$0]) != nil } ?? false
    }

    /// The dot of that extension, if it is the last: as file systems compare that make no difference between letters that differ in case,
    /// pass over what is not seen, or drop dots and blanks at the end.
    private static func dot(of dotted: String, in scalars: Scalars) -> Scalars.Index? {
        guard let last = scalars.lastIndex(where: { isSeen($0) && $0 != "." && !$0.properties.isWhitespace }),
            let dot = scalars[...last].lastIndex(of: ".")
        else { return nil }
        return folded(scalars[dot...last]).elementsEqual(dotted.unicodeScalars) ? dot : nil
    }

    /// Without what FAT, exFAT, NTFS and what speaks for them elsewhere take for something else, or refuse.
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

    /// Not what is nothing by itself, such as a joiner, and passed over by some file systems.
    private static func isSeen(_ scalar: Unicode.Scalar) -> Bool { !scalar.properties.isDefaultIgnorableCodePoint }

    /// What is seen, in lower case as far as it is ASCII.
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

    /// The extension with its dot, where it has one that is not long, and what is before it.
    static func split<Element: Equatable>(_ name: ArraySlice<Element>, atDot dot: Element, _ byteCount: (ArraySlice<Element>) -> Int)
        -> (stem: ArraySlice<Element>, dotted: ArraySlice<Element>)
    {
        guard let index = name.lastIndex(of: dot), index != name.startIndex, byteCount(name[index...]) <= 17 else { return (name, []) }
        return (name[..<index], name[index...])
    }
}
