import TransferProtocol

/// The options of `chatty users`.
enum UsersFlags {
    static let names = Positional<[String]>.oneOrMore("NAME", .text, manual: "Names of accounts.")
    static let name = Positional<String>.required("NAME", .text, manual: "The name of an account.")
    static let file = Positional<ByteString>.required("FILE", .file, manual: "Lines of a name and a password; `-` is stdin.")

    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The server's data folder",
        manual: "The data folder of the server whose accounts these are. See FILES for the default.")
    static let json = Flag.switch(
        "json", actions: ["list"], "Print one JSON object an account",
        manual: """
            Prints one JSON object a line for each account: `name`, `created`, `last_login`, null where there was none, `active` and `blocked`. \
            With `--server` it has what a server tells: `name`, `active`, `active_since` and `away`.
            """)
    static let online = Flag.switch(
        "online", actions: ["list"], "Only those who have a session now",
        manual: "Shows only the accounts that have a session now.")
    static let server = Flag<String?>.optional(
        "server", "HOST[:PORT]", .host, actions: ["list"], "Ask this server who is online",
        manual: """
            With `--online`: asks a server, as `chatty connect` with `/activeuser` does, instead of looking into a data folder, and so from any machine. \
            Needs `--user`; the asking account itself is not shown, and what others have written to it stays for its next log-in. The port is 6697 where none is given.
            """)
    static let user = Flag<String?>.optional(
        "user", short: "u", "NAME", .text, actions: ["list"], "The account to ask the server with",
        manual: "The account to log in as for `--server`. Its password is that of `--password-file`, `$CHATTY_PASSWORD` or the terminal.")
    static let acceptNew = Flag.switch(
        "accept-new", actions: ["list"], "Trust an unknown server's key without asking",
        manual: """
            With `--server`: on the first connection to a server, remembers its key without asking, and accepts a certificate of a certificate authority (CA) in place of a known key. \
            A key that has changed in any other way is refused all the same.
            """)
    static let fingerprint = Flag<String?>.optional(
        "fingerprint", "SHA256", .text, actions: ["list"], "Accept only a server with this fingerprint",
        manual: "With `--server`: accepts only a server whose certificate has this SHA-256 fingerprint, as `chatty serve` prints it.")
    static let passwordFile = Flag<ByteString?>.optional(
        "password-file", "FILE", .file, actions: ["list", "add", "passwd"], "A file whose first line is the password",
        manual: """
            Reads the password from the first line of a file, `-` for stdin. Without it the terminal is asked; where stdin is no terminal, `add` and \
            `passwd` read it, and `--server` needs this option or `$CHATTY_PASSWORD`. Passwords are never taken from the command line.
            """)
    static let strict = Flag.switch(
        "strict", actions: ["import"], "Add all or nothing",
        manual: "Adds nothing where a line is bad, instead of adding the good ones.")

    static let spec = CommandSpec(
        name: "users",
        summary: "manage the accounts of a server",
        positionals: [],
        actions: [
            ActionSpec(
                name: "list", summary: "show the accounts", positionals: [], isDefault: true,
                manual: "Shows all accounts: name, when it was made, last log-in, whether it is active, whether it is blocked."),
            ActionSpec(
                name: "add", summary: "add accounts", positionals: [names.spec],
                manual: "Adds accounts, all with the password that is asked for. On a terminal it says into which data folder."),
            ActionSpec(
                name: "passwd", summary: "set a password", positionals: [name.spec],
                manual: "Sets the password of an account. Sessions that logged in with the old one are logged out."),
            ActionSpec(
                name: "remove", summary: "remove an account", positionals: [name.spec],
                manual: """
                    Removes an account and its data, including the direct messages that others sent to it; the messages it sent stay with those \
                    who got them. Nobody can log in to it from the first moment on. If the rest takes long and is interrupted, \
                    the same command, or the server, finishes it.
                    """),
            ActionSpec(
                name: "block", summary: "keep an account out", positionals: [name.spec],
                manual: "Logs an account out and refuses its log-ins. Its data stays."),
            ActionSpec(name: "unblock", summary: "let an account in again", positionals: [name.spec], manual: "Lifts a block."),
            ActionSpec(
                name: "export", summary: "show all that is kept of an account", positionals: [name.spec],
                manual: """
                    Prints what is kept of one person as JSON, an object a line: the account, its groups and invitations, how far it has read, until \
                    when its tokens last, and the messages it sent and got, in their order.
                    """),
            ActionSpec(
                name: "import", summary: "add accounts from a file", positionals: [file.spec],
                manual: """
                    Adds an account for each `name password` line. A bad line is reported with its number, and so is one that has the hash of a \
                    password: the password itself is needed.
                    """),
        ],
        flags: [
            data.spec, json.spec, online.spec, server.spec, user.spec, acceptNew.spec, fingerprint.spec, passwordFile.spec, strict.spec,
        ],
        description: [
            "Works on the data folder of a server, whether or not the server is running; a running server sees the change at once."
        ],
        environment: [
            .init(name: "CHATTY_PASSWORD", text: "With `--server`: the password of `--user`, where `--password-file` is not given."),
            .init(name: "STATE_DIRECTORY", text: "The data folder where `--data` is not given; systemd sets it."),
            .init(
                name: "XDG_DATA_HOME",
                text: "The folder whose `chatty` is the data folder where neither is given, instead of `~/.local/share`."),
        ],
        files: [.init(name: "~/.local/share/chatty", text: "The default data folder.")],
        examples: [
            .init(text: "Add an account:", line: "chatty users add yoda"),
            .init(text: "Names of all accounts, in a script:", line: "chatty users list --json | jq -r .name"),
            .init(text: "Who is online on a server elsewhere:", line: "chatty users --online --server chat.example.org -u yoda"),
        ],
        seeAlso: ["chatty-serve(1)"])
}
