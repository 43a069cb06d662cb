/// A relative path that is safe to create below a folder, whatever a peer called it.
///
/// Rules: `/` separates; empty parts, `.` and `..` vanish, so that nothing is absolute and nothing climbs; control and format characters
/// (bidi overrides among them) and `\` become `_`; white space around a part goes; a leading dot becomes `_`, so that nothing is
/// hidden (and no peer can name a journal, see ``journalName``); names that are devices somewhere (`CON`, `nul.txt`) get a `_` before
/// them; parts are cut to 230 bytes of UTF-8 keeping their extension; the dot of `.part` at an end becomes `_`, so that no peer's file
/// gets the name of what another is being written to (see ``partName``). Held by `SafeNameTests`.
public struct SafeName: Hashable, Sendable {
    /// Bytes of one part: 255 is what file systems take, less what numbering and the journal's name add.
    public static let maximumPartBytes = 230
    /// Bytes of the whole path.
    public static let maximumBytes = 4000
    public static let maximumDepth = 64

    private static let partExtension = ".part"

    /// At least one.
    public let parts: [String]

    /// Nil where nothing is left of the name, or too much.
    public init?(_ offered: String) {
        guard offered.utf8.count <= 4 * Self.maximumBytes else { return nil }
        let parts = offered.split(separator: "/", omittingEmptySubsequences: true).compactMap(Self.safePart)
        guard !parts.isEmpty, parts.count <= Self.maximumDepth else { return nil }
        guard parts.reduce(parts.count, { $0 + $1.utf8.count }) <= Self.maximumBytes else { return nil }
        self.parts = parts
    }

    private init(parts: [String]) {
        self.parts = parts
    }

    public var path: String { parts.joined(separator: "/") }
    /// The folders above the file, outermost first.
    public var folders: ArraySlice<String> { parts.dropLast() }
    /// The file's own name.
    public var last: String { parts[parts.count - 1] }

    /// `movie (1).mp4` for 1; the name itself for 0.
    public func numbered(_ number: Int) -> SafeName {
        guard number > 0 else { return self }
        let (stem, dotted) = Self.split(last)
        return SafeName(parts: folders + ["\(stem) (\(number))\(dotted)"])
    }

    /// The name of a file that is not whole yet, in the same folder.
    public var partName: String { last + Self.partExtension }
    /// The hidden file that says what the `.part` holds.
    public var journalName: String { "." + last + ".part.journal" }

    private static func safePart(_ part: Substring) -> String? {
        guard part != ".", part != ".." else { return nil }
        var scalars = String.UnicodeScalarView()
        for scalar in part.unicodeScalars { scalars.append(isPlain(scalar) ? scalar : "_") }
        var text = trimmed(Substring(String(scalars)))
        if text.isEmpty { return nil }
        if text.first == "." { text = "_" + text.dropFirst() }
        if isDevice(text) { text = "_" + text }
        return named(notAPart: shortened(text))
    }

    /// In any case of its letters: some file systems make no difference.
    private static func named(notAPart text: Substring) -> String {
        guard text.lowercased().hasSuffix(partExtension) else { return String(text) }
        return text.dropLast(partExtension.count) + "_" + text.suffix(partExtension.count - 1)
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        // Joiners are how several scripts and emoji are written; they can neither reorder nor hide text.
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: return false
        default: return scalar != "\\"
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    /// The names that Windows and file servers keep for devices, with any extension (`nul.txt` is `NUL` there).
    private static func isDevice(_ text: Substring) -> Bool {
        let stem = trimmed(text.prefix { $0 != "." }).uppercased()
        switch stem {
        case "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$": return true
        default:
            guard stem.hasPrefix("COM") || stem.hasPrefix("LPT") else { return false }
            let rest = stem.dropFirst(3)
            return rest.count == 1 && "0123456789¹²³".contains(rest)
        }
    }

    private static func split(_ name: String) -> (stem: Substring, dotted: Substring) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name[dot...].utf8.count <= 17 else { return (name[...], "") }
        return (name[..<dot], name[dot...])
    }

    private static func shortened(_ text: Substring) -> Substring {
        guard text.utf8.count > maximumPartBytes else { return text }
        let (stem, dotted) = split(String(text))
        var kept = stem.prefix(maximumPartBytes)
        while kept.utf8.count + dotted.utf8.count > maximumPartBytes, !kept.isEmpty { kept.removeLast() }
        // One character can be longer than a name may be; scalars then are the unit.
        if kept.isEmpty { return "_" + dotted }
        return trimmed(Substring(String(kept) + String(dotted)))
    }
}

extension SafeName {
    /// The name of a file as the user of this machine chose it, who may well want a hidden one: only what is no name at all is refused.
    public init?(chosen name: String) {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(0), !name.contains("/"),
            name.utf8.count <= Self.maximumPartBytes
        else { return nil }
        parts = [name]
    }
}
