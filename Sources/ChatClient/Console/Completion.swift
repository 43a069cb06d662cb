import ChatProtocol

/// The completions that Tab offers for the word being typed.
public struct Completion: Equatable, Sendable {
    /// The candidates in the order of the list; each replaces the whole word.
    public var candidates: [String]
    /// Whether a space follows a single candidate.
    public var appendsSpace: Bool
    /// Whether the candidates are paths, of which a list shows the last part only.
    public var arePaths: Bool

    static func words(_ candidates: [String]) -> Completion { Completion(candidates: candidates, appendsSpace: true, arePaths: false) }

    /// - Parameters:
    ///   - word: the text between the last space and the cursor.
    ///   - before: the line up to that word.
    ///   - list: returns the names in a folder, those of folders with a `/` at the end. The folder's path ends in `/`, or is empty for the
    ///     current folder.
    static func of(
        _ word: String, after before: String, names: NameDirectory, ignored: [String], offers: [Int], list: (String) -> [String]
    ) -> Completion {
        let previous = EscapedPath.words(before)
        guard let command = previous.first else {
            guard word.begins(with: "/") else { return .words(names.users(word)) }
            return .words(SlashCommandKind.offered(toClient: true).map(\.word).filter { $0.begins(with: word) })
        }
        guard let kind = command.rest(behind: "/").flatMap({ SlashCommandKind.named($0, client: true) }) else {
            return .words(names.users(word))
        }
        let kinds = kind.description.completion
        guard let argument = kinds.isEmpty ? nil : kinds[min(previous.count - 1, kinds.count - 1)] else { return .words([]) }
        switch argument {
        case .user: return .words(names.users(word))
        case .ignored: return .words(ignored.filter { Name.fold($0).begins(with: Name.fold(word)) })
        case .group: return .words(names.groups(word))
        case .conversation:
            return .words(word.begins(with: "#") ? names.groups(word) : names.users(word))
        case .command:
            let bare = word.rest(behind: "/") ?? word
            return .words(SlashCommandKind.offered(toClient: true).map(\.rawValue).filter { $0.begins(with: bare) })
        case .offer: return .words(offers.map(String.init).filter { $0.begins(with: word) })
        case .text: return .words(previous.count == 1 && kind == .creategroup ? [] : names.users(word))
        case .file: return files(word, list)
        }
    }

    private static func files(_ word: String, _ list: (String) -> [String]) -> Completion {
        let path = EscapedPath.plain(word)
        let (folder, start) = split(path)
        // The folder stays as it was typed, so that the word only grows.
        let typedFolder = split(word).folder
        let names = list(folder).filter { $0.begins(with: start) && (start.begins(with: ".") || !$0.begins(with: ".")) }.sorted()
        return Completion(
            candidates: names.map { typedFolder + EscapedPath.escaped($0) }, appendsSpace: names.first?.ends(with: "/") != true,
            arePaths: true)
    }

    /// Splits a path after its last slash.
    private static func split(_ path: String) -> (folder: String, name: String) {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
        return (String(path[..<name]), String(path[name...]))
    }
}
