import TransferProtocol

/// The options of `chatty users`.
enum UsersFlags {
    static let names = Positional<[String]>.oneOrMore("NAME", .text, manual: "Names of accounts.")
    static let name = Positional<String>.required("NAME", .text, manual: "The name of an account.")
    static let file = Positional<ByteString>.required(
        "FILE", .file, manual: "A file with a name and a password on each line; `-` is stdin.")

    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The server's data folder",
        manual: "The data folder of the server whose accounts these are. See FILES for the default.")
    static let json = Flag.switch(
        "json", actions: ["list"], "Print one JSON object an account",
        manual: """
            Prints one JSON object a line for each account: `name`, `created`, `last_login` (null if the account has never logged in), `active` and `blocked`. \
            With `--server` the members are `name`, `active`, `active_since` and `away`.
            """)
    static let online = Flag.switch(
        "online", actions: ["list"], "Only those who have a session now",
        manual: "Shows only the accounts that have a session now.")
    static let server = Flag<String?>.optional(
        "server", "HOST[:PORT]", .host, actions: ["list"], "Ask this server who is online",
        manual: """
            With `--online`: asks a server, as `chatty connect` with `/activeuser` does, instead of reading a data folder. So it works from any machine. \
            Needs `--user`. The list does not contain that account itself, and its undelivered messages stay for its next log-in. The default port is 6697.
            """)
    static let user = Flag<String?>.optional(
        "user", short: "u", "NAME", .text, actions: ["list"], "The account to ask the server with",
        manual: "The account to log in as for `--server`. Its password comes from `--password-file`, `$CHATTY_PASSWORD` or the terminal.")
    static let acceptNew = Flag.switch(
        "accept-new", actions: ["list"], "Trust an unknown server's key without asking",
        manual: """
            With `--server`: on the first connection to a server, remembers its key without asking. Also accepts a certificate of a certificate authority (CA) \
            in place of a known key. A key that has changed in any other way is always refused.
            """)
    static let fingerprint = Flag<String?>.optional(
        "fingerprint", "SHA256", .text, actions: ["list"], "Accept only a server with this fingerprint",
        manual: "With `--server`: accepts only a server whose certificate has this SHA-256 fingerprint, as `chatty serve` prints it.")
    static let passwordFile = Flag<ByteString?>.optional(
        "password-file", "FILE", .file, actions: ["list", "add", "passwd"], "A file whose first line is the password",
        manual: """
            Reads the password from the first line of a file, `-` for stdin. Without this option the command asks on the terminal; if stdin is not a terminal, \
            `add` and `passwd` read the password from stdin, and `--server` needs this option or `$CHATTY_PASSWORD`. A password cannot be given on the command line.
            """)
    static let strict = Flag.switch(
        "strict", actions: ["import"], "Add all or nothing",
        manual: "Adds nothing if a line is bad, instead of adding the good lines.")

    static let spec = CommandSpec(
        name: "users",
        summary: "manage the accounts of a server",
        positionals: [],
        actions: [
            ActionSpec(
                name: "list", summary: "show the accounts", positionals: [], isDefault: true,
                manual: "Shows all accounts: name, when the account was made, last log-in, whether it is active, whether it is blocked."),
            ActionSpec(
                name: "add", summary: "add accounts", positionals: [names.spec],
                manual: "Adds accounts, all with the password that it asks for. On a terminal it shows the data folder."),
            ActionSpec(
                name: "passwd", summary: "set a password", positionals: [name.spec],
                manual: "Sets the password of an account. Sessions that logged in with the old one are logged out."),
            ActionSpec(
                name: "remove", summary: "remove an account", positionals: [name.spec],
                manual: """
                    Removes an account and its data, including the direct messages that others sent to it. The users who received its messages keep \
                    them. Nobody can log in to the account as soon as the command begins. If the removal is interrupted, repeat the command, or let \
                    the server finish it.
                    """),
            ActionSpec(
                name: "block", summary: "refuse the log-ins of an account", positionals: [name.spec],
                manual: "Logs an account out and refuses its log-ins. Its data stays."),
            ActionSpec(
                name: "unblock", summary: "allow the log-ins of an account again", positionals: [name.spec], manual: "Ends a block."),
            ActionSpec(
                name: "export", summary: "print everything stored about an account", positionals: [name.spec],
                manual: """
                    Prints everything that the server stores about an account, as one JSON object a line: the account, its groups and invitations, how far \
                    it has read, when its tokens expire, and the messages that it sent and received, in order.
                    """),
            ActionSpec(
                name: "import", summary: "add accounts from a file", positionals: [file.spec],
                manual: """
                    Adds an account for each `name password` line. It reports a bad line with its number. A line with the hash of a password is bad, too: \
                    the password itself is needed.
                    """),
        ],
        flags: [
            data.spec, json.spec, online.spec, server.spec, user.spec, acceptNew.spec, fingerprint.spec, passwordFile.spec, strict.spec,
        ],
        description: [
            "Works on the data folder of a server, whether or not the server is running. A running server applies the change at once."
        ],
        environment: [
            .init(name: "CHATTY_PASSWORD", text: "With `--server`: the password of `--user`, if `--password-file` is not given."),
            .init(name: "STATE_DIRECTORY", text: "The data folder, if `--data` is not given; systemd sets it."),
            .init(
                name: "XDG_DATA_HOME",
                text: "The data folder is `$XDG_DATA_HOME/chatty`, if neither `--data` nor `STATE_DIRECTORY` is given."),
        ],
        files: [.init(name: "~/.local/share/chatty", text: "The default data folder.")],
        examples: [
            .init(text: "Add an account:", line: "chatty users add yoda"),
            .init(text: "Print the names of all accounts, in a script:", line: "chatty users list --json | jq -r .name"),
            .init(
                text: "Show who is online on a server on another machine:", line: "chatty users --online --server chat.example.org -u yoda"),
        ],
        seeAlso: ["chatty-serve(1)"])
}
