/// The description of a subcommand, from which its parser, help, manual and completions are made.
struct CommandSpec: Sendable {
    let name: String
    /// One line for the list of subcommands and the manual's NAME: no capital, no full stop.
    let summary: String
    let positionals: [PositionalSpec]
    /// The words that the first positional argument can be, as in `users add`; empty for a subcommand without actions.
    var actions: [ActionSpec] = []
    let flags: [FlagSpec]
    /// The names of flags that few need: where the help has no line for each of them, it only names them.
    var seldom: [String] = []
    /// The manual's DESCRIPTION, one string for each paragraph. `word` in backticks is shown as literal.
    let description: [String]
    /// The commands that can be typed while the subcommand runs: the manual's COMMANDS, a row each.
    var commands: [Entry] = []
    /// The events that it prints for programs: the manual's EVENTS, a row each.
    var events: [Entry] = []
    /// The fields of these events, shown after them.
    var eventFields: [Entry] = []
    var environment: [Entry] = []
    var files: [Entry] = []
    let examples: [Example]
    /// Files to copy from the manual, shown after its examples.
    var listings: [Listing] = []
    /// Other manual pages, such as `chatty-connect(1)`.
    let seeAlso: [String]

    struct Entry: Sendable {
        let name: String
        let text: String
    }

    /// A section of the manual that shows a file.
    struct Listing: Sendable {
        /// The title of the section, in capitals.
        let title: String
        /// The text before the file, one string for each paragraph.
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

    /// `flags` and the flags of every subcommand.
    var allFlags: [FlagSpec] { flags + [Self.help.spec, Self.version.spec] }

    /// `chatty serve [OPTION ...] [PORT] [MAX_ATTEMPTS]`, `chatty users [ACTION] [OPTION ...] [ARGUMENT ...]`.
    var usage: String {
        let arguments = actions.isEmpty ? ["[OPTION ...]"] + positionals.map(\.usage) : ["[ACTION]", "[OPTION ...]", "[ARGUMENT ...]"]
        return (["chatty \(name)"] + arguments).joined(separator: " ")
    }

    /// The flag with this long name or alias.
    func flag(named name: String) -> FlagSpec? {
        allFlags.first { $0.name == name || $0.aliases.contains(name) }
    }
}

/// An action: the word after the subcommand, such as `add` in `chatty users add`.
struct ActionSpec: Sendable {
    let name: String
    let summary: String
    let positionals: [PositionalSpec]
    /// Whether this is the default action.
    var isDefault = false
    /// Sentences for the manual page.
    let manual: String
}
