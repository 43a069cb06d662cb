/// The options and the help of `chatty` itself, before any subcommand.
enum Overview {
    static let generate = Flag<String?>.optional(
        "generate", "FILE", .choice(GeneratedFiles.names), "Print a manual page or a completion",
        manual: """
            Prints a generated file: a manual page such as `man/chatty.1`, or one of the completions \
            `completions/chatty.bash`, `completions/_chatty` (zsh) and `completions/chatty.fish`.
            """)

    /// The command that is no subcommand of the table.
    static let helpWord = "help"
    static let helpUsage = "help [COMMAND]"
    static let helpSummary = "show this help, or the help of a command"

    static let flags = [CommandSpec.help.spec, CommandSpec.version.spec, generate.spec]

    static let description = [
        """
        Your own private chat service, and a fast, safe way to send a video, or any file, straight from one machine to another. One \
        program is the server, the client, the sender and the receiver.
        """
    ]

    static let environment: [CommandSpec.Entry] = [
        .init(name: "HOME", text: "The user's home folder. By default the data folder is below it."),
        .init(name: "XDG_DATA_HOME", text: "The data folder is `$XDG_DATA_HOME/chatty`, instead of `~/.local/share/chatty`."),
        .init(
            name: "XDG_STATE_HOME",
            text: "Lines that were typed are stored in `$XDG_STATE_HOME/chatty`, instead of `~/.local/state/chatty`."),
        .init(name: "STATE_DIRECTORY", text: "The data folder; it takes precedence over the variables above. systemd sets it."),
    ]

    static let files: [CommandSpec.Entry] = [
        .init(
            name: "~/.local/share/chatty",
            text: """
                The data folder: the server's database and certificate, the keys of known servers and receivers, and this machine's key for transfers.
                """
        ),
        .init(name: "~/.local/state/chatty", text: "Lines that were typed in `chatty connect`, and the users that you ignore."),
    ]

    static let examples: [CommandSpec.Example] = [
        .init(text: "Start a server with the accounts in a file:", line: "chatty serve 12345 --credentials credentials.txt"),
        .init(text: "Connect to it:", line: "chatty connect 127.0.0.1 12345"),
        .init(
            text: "Turn on completion in bash, in `~/.bashrc`:", line: "eval \"$(chatty --generate completions/chatty.bash)\""),
    ]
}
