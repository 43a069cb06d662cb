/// Texts that are not replies, such as prompts. People and scripts rely on them, so they stay to the letter.
public enum Texts {
    public static let connected = "Connected to the server."
    public static let usernamePrompt = "Enter username: "
    public static let passwordPrompt = "Enter password: "
    public static let commandsPrompt =
        "Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):"
    public static let notACommand = "That is not a command. Commands begin with a slash: try /help."

    public static func udpListening(port: UInt16) -> String { "UDP server listening on port \(port)" }
    public static func unknownCommand(_ word: String) -> String { "Unknown command: \(word). Try /help." }

    /// The line after ``unknownCommand(_:)`` if a suggestion can be made.
    public static func didYouMean(_ word: String, client: Bool) -> String? {
        SlashCommandKind.meant(by: word, client: client).map { "Did you mean \($0.word)?" }
    }

    /// The lines of `/help`: all commands, a line each.
    public static func help(client: Bool) -> [String] { SlashCommandKind.offered(toClient: client).map(\.helpLine) }

    /// The lines of `/help COMMAND`; `word` is the command with or without its slash.
    public static func help(on word: String, client: Bool) -> [String] {
        guard let kind = topic(word, client: client) else { return [unknownCommand("/" + bare(word))] }
        return [kind.usage, kind.sentence]
    }

    /// Whether `word` names no command that `/help` can explain.
    public static func isUnknown(_ word: String, client: Bool) -> Bool { topic(word, client: client) == nil }

    private static func topic(_ word: String, client: Bool) -> SlashCommandKind? {
        SlashCommandKind.named(bare(word), client: client)
    }

    private static func bare(_ word: String) -> String { word.rest(behind: "/") ?? word }

    static func sentence(_ phrase: String) -> String { phrase.prefix(1).uppercased() + phrase.dropFirst() + "." }
}
