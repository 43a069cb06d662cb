import ChatProtocol

/// What Tab offers for a word of the line being typed.
public struct Completion: Equatable, Sendable {
    /// In their order; each replaces the whole word.
    public var candidates: [String]
    /// Whether a space follows when there is one only.
    public var appendsSpace: Bool
    /// Whether they are paths, of which a list shows the last part.
    public var arePaths: Bool

    static func words(_ candidates: [String]) -> Completion { Completion(candidates: candidates, appendsSpace: true, arePaths: false) }

    /// - Parameters:
    ///   - word: what stands between the last space and the cursor.
    ///   - before: the line up to that word.
    ///   - list: the names in a folder, those of folders with `/` behind; the folder's path ends in `/` or is empty for the current one.
    static func of(
        _ word: String, after before: String, names: NameDirectory, ignored: [String], offers: [Int], list: (String) -> [String]
    ) -> Completion {
        let previous = EscapedPath.words(before)
        guard let command = previous.first else {
            guard word.hasPrefix("/") else { return .words(names.users(word)) }
            return .words(SlashCommandKind.offered(toClient: true).map(\.word).filter { $0.hasPrefix(word) })
        }
        guard command.hasPrefix("/"), let kind = SlashCommandKind(rawValue: String(command.dropFirst())) else {
            return .words(names.users(word))
        }
        let kinds = kind.description.completion
        guard let argument = kinds.isEmpty ? nil : kinds[min(previous.count - 1, kinds.count - 1)] else { return .words([]) }
        switch argument {
        case .user: return .words(names.users(word))
        case .ignored: return .words(ignored.filter { Name.fold($0).hasPrefix(Name.fold(word)) })
        case .group: return .words(names.groups(word))
        case .conversation:
            return .words(word.hasPrefix("#") ? names.groups(word) : names.users(word))
        case .command:
            let bare = word.hasPrefix("/") ? String(word.dropFirst()) : word
            return .words(SlashCommandKind.offered(toClient: true).map(\.rawValue).filter { $0.hasPrefix(bare) })
        case .offer: return .words(offers.map(String.init).filter { $0.hasPrefix(word) })
        case .text: return .words(previous.count == 1 && kind == .creategroup ? [] : names.users(word))
        case .file: return files(word, list)
        }
    }

    private static func files(_ word: String, _ list: (String) -> [String]) -> Completion {
        let path = EscapedPath.plain(word)
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let start = slash.map { String(path[path.index(after: $0)...]) } ?? path
        // The folder stays as it was typed, so that the word only grows.
        let typedFolder = slash == nil ? "" : String(word[...(word.lastIndex(of: "/") ?? word.startIndex)])
        let names = list(folder).filter { $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix(".")) }.sorted()
        return Completion(
            candidates: names.map { typedFolder + EscapedPath.escaped($0) }, appendsSpace: names.first?.hasSuffix("/") != true,
            arePaths: true)
    }
}

/// Paths as they are typed behind `/p2pvideo`: a backslash makes the next character plain.
public enum EscapedPath {
    private static let special: Set<Character> = [" ", "\t", "\\", "\"", "'"]

    public static func escaped(_ path: String) -> String {
        path.reduce(into: "") { out, character in
            if special.contains(character) { out.append("\\") }
            out.append(character)
        }
    }

    public static func plain(_ typed: String) -> String {
        var out = ""
        var isEscaped = false
        for character in typed {
            if !isEscaped, character == "\\" {
                isEscaped = true
                continue
            }
            out.append(character)
            isEscaped = false
        }
        return isEscaped ? out + "\\" : out
    }

    /// Spaces behind the path are not of it, unless escaped; quotes around all of it are not either.
    public static func trimmed(_ typed: String) -> String {
        var text = Substring(typed)
        while let last = text.last, last == " " || last == "\t" {
            let backslashes = text.dropLast().reversed().prefix { $0 == "\\" }.count
            guard backslashes % 2 == 0 else { break }
            text = text.dropLast()
        }
        for quote in ["\"", "'"] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return String(text)
    }

    /// The words of a line, at spaces that are not escaped.
    static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isEscaped = false
        for character in line {
            if !isEscaped, character == " " || character == "\t" {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            isEscaped = !isEscaped && character == "\\"
            word.append(character)
        }
        return word.isEmpty ? words : words + [word]
    }
}
