/// Everything that is known of a subcommand: what parses it, helps with it, documents it and completes it.
struct CommandSpec: Sendable {
    let name: String
    /// One line for the list of subcommands and the manual's NAME: no capital, no full stop.
    let summary: String
    let positionals: [PositionalSpec]
    /// `users add`: words of which the first positional argument is one; empty for a subcommand without them.
    var actions: [ActionSpec] = []
    let flags: [FlagSpec]
    /// The manual's DESCRIPTION, a string a paragraph. `word` in backticks is shown as literal.
    let description: [String]
    /// What can be typed once the command runs, a row each; the manual's COMMANDS.
    var commands: [Entry] = []
    /// What it prints for programs, a row each; the manual's EVENTS.
    var events: [Entry] = []
    /// What these lines have in them; told behind the events.
    var eventFields: [Entry] = []
    var environment: [Entry] = []
    var files: [Entry] = []
    let examples: [Example]
    /// Files to be copied from the manual, behind its examples.
    var listings: [Listing] = []
    /// Other pages, as `chatty-connect(1)`.
    let seeAlso: [String]

    struct Entry: Sendable {
        let name: String
        let text: String
    }

    /// A section of the manual that shows a file.
    struct Listing: Sendable {
        /// In capitals.
        let title: String
        /// Before the file, a string a paragraph.
        let text: [String]
        let lines: [String]
    }

    struct Example: Sendable {
        let text: String
        let line: String
    }

    /// The flags that every subcommand has.
    static let help = Flag.switch("help", short: "h", "Show this help", manual: "Shows the options on one screen.")
    static let version = Flag.switch(
        "version", short: "V", "Show the version",
        manual: "Shows the version, the licence and the versions of the libraries that are linked.")

    /// `flags` and those that every subcommand has.
    var allFlags: [FlagSpec] { flags + [Self.help.spec, Self.version.spec] }

    /// `chatty serve [OPTION ...] [PORT] [MAX_ATTEMPTS]`, `chatty users [ACTION] [OPTION ...] [ARGUMENT ...]`.
    var usage: String {
        let arguments = actions.isEmpty ? ["[OPTION ...]"] + positionals.map(\.usage) : ["[ACTION]", "[OPTION ...]", "[ARGUMENT ...]"]
        return (["chatty \(name)"] + arguments).joined(separator: " ")
    }

    /// The flag of that long name or alias.
    func flag(named name: String) -> FlagSpec? {
        allFlags.first { $0.name == name || $0.aliases.contains(name) }
    }
}

/// A word behind the subcommand that says what to do: `add` in `chatty users add`.
struct ActionSpec: Sendable {
    let name: String
    let summary: String
    let positionals: [PositionalSpec]
    /// Whether it is meant where no action is named.
    var isDefault = false
    /// Sentences for the manual page.
    let manual: String
}
