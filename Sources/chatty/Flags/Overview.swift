/// What `chatty` itself takes and says, before any subcommand.
enum Overview {
    static let generate = Flag<String?>.optional(
        "generate", "FILE", .choice(GeneratedFiles.names), "Print a manual page or a completion",
        manual: """
            Prints one of the files that are made from the table of options: the manual pages `man/chatty.1` and its like, and the completions \
            `completions/chatty.bash`, `completions/_chatty` (zsh) and `completions/chatty.fish`.
            """)

    /// The command beside the subcommands.
    static let helpWord = "help"
    static let helpUsage = "help [COMMAND]"
    static let helpSummary = "show this help, or that of a command"

    static let flags = [CommandSpec.help.spec, CommandSpec.version.spec, generate.spec]

    static let description = [
        """
        Your own private chat service, and a fast, safe way to send a video, or any file, straight from one machine to another. One \
        program is the server, the client, the sender and the receiver.
        """
    ]

    static let environment: [CommandSpec.Entry] = [
        .init(name: "HOME", text: "The user's folder; chatty keeps its data below it by default."),
        .init(name: "XDG_DATA_HOME", text: "The folder whose `chatty` is the data folder, instead of `~/.local/share`."),
        .init(name: "XDG_STATE_HOME", text: "The folder whose `chatty` holds what was typed before, instead of `~/.local/state`."),
        .init(name: "STATE_DIRECTORY", text: "The data folder; it takes precedence over these. systemd sets it."),
    ]

    static let files: [CommandSpec.Entry] = [
        .init(
            name: "~/.local/share/chatty",
            text: """
                The data folder: the server's database and certificate, the keys of known servers and receivers, this machine's key for transfers.
                """
        ),
        .init(name: "~/.local/state/chatty", text: "What was typed in `chatty connect`, and whom one ignores."),
    ]

    static let examples: [CommandSpec.Example] = [
        .init(text: "Start a server whose accounts are in a file:", line: "chatty serve 12345 --credentials credentials.txt"),
        .init(text: "Join it:", line: "chatty connect 127.0.0.1 12345"),
        .init(
            text: "Turn on completion in bash, in `~/.bashrc`:", line: "eval \"$(chatty --generate completions/chatty.bash)\""),
    ]
}
