/// The texts that belong to no reply: prompts and what surrounds a session. Kept to the letter; people and scripts rely on them.
public enum Texts {
    public static let connected = "Connected to the server."
    public static let usernamePrompt = "Enter username: "
    public static let passwordPrompt = "Enter password: "
    public static let commandsPrompt =
        "Enter one of the following commands (/msgto, /activeuser, /creategroup, /joingroup, /groupmsg, /p2pvideo, /logout, /help):"
    public static let notACommand = "That is not a command. Commands begin with a slash: try /help."

    public static func udpListening(port: UInt16) -> String { "UDP server listening on port \(port)" }
    public static func unknownCommand(_ word: String) -> String { "Unknown command: \(word). Try /help." }

    /// A line of its own behind that one, where it can be told what was meant.
    public static func didYouMean(_ word: String, client: Bool) -> String? {
        SlashCommandKind.meant(by: word, client: client).map { "Did you mean \($0.word)?" }
    }

    /// `/help`: all commands, a line each.
    public static func help(client: Bool) -> [String] { SlashCommandKind.offered(toClient: client).map(\.helpLine) }

    /// `/help COMMAND`: one in full; the command with or without its slash.
    public static func help(on word: String, client: Bool) -> [String] {
        guard let kind = topic(word, client: client) else { return [unknownCommand("/" + bare(word))] }
        return [kind.usage, kind.sentence]
    }

    /// Whether `/help` can say nothing of that command but that it is unknown.
    public static func isUnknown(_ word: String, client: Bool) -> Bool { topic(word, client: client) == nil }

    private static func topic(_ word: String, client: Bool) -> SlashCommandKind? {
        SlashCommandKind.named(bare(word), client: client)
    }

    private static func bare(_ word: String) -> String { word.rest(behind: "/") ?? word }

    static func sentence(_ phrase: String) -> String { phrase.prefix(1).uppercased() + phrase.dropFirst() + "." }
}
