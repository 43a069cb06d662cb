import ChatClient
import ChatProtocol
import TransferProtocol

/// The options of `chatty connect`.
enum ConnectFlags {
    static let host = Positional<String>.required(
        "HOST", .host, manual: "The server's name or address. It can contain the port: `HOST:PORT`, or `[HOST]:PORT` for an IPv6 address.")
    static let port = Positional<Int>.optional(
        "PORT", .port(zeroIsAnyFree: false), default: 6697, "6697", manual: "The server's TCP port.")
    static let udpPort = Positional<Int?>.optional(
        "UDP_PORT", .port(zeroIsAnyFree: true), defaultText: "any free one",
        manual: "The UDP port on which this client receives files from other users.")

    static let user = Flag<String?>.optional(
        "user", short: "u", "NAME", .text, "The account to log in as",
        manual: "The account to log in as. Without this option the client asks for it.")
    static let passwordFile = Flag<ByteString?>.optional(
        "password-file", "FILE", .file, "A file whose first line is the password",
        manual: "Reads the password from the first line of a file, `-` for stdin. Passwords are never taken from the command line.")
    static let command = Flag<[String]>.repeatable(
        "command", short: "c", "COMMAND", .text, "Run a command and exit; may be repeated",
        manual: """
            Runs this command, waits for its outcome and exits. Several commands run in the order given. COMMAND is one line, such as \
            `/msgto yoda hello`. Every command works except `/passwd`, which asks for passwords.
            """)
    static let accept = Flag<Accept>.choice(
        "accept", "WHEN", default: .ask, "What to do with offered files",
        manual: "`ask` shows the offer and waits for `/accept` or `/decline`; `always` and `never` answer without asking.")
    static let acceptNew = Flag.switch(
        "accept-new", "Trust an unknown server's key without asking",
        manual: """
            On the first connection to a server, remembers its key without asking. Also accepts a certificate of a certificate authority (CA) in place of a \
            known key. Without this option a script refuses both. A server with a self-signed certificate whose key has changed is always refused, and so \
            is a server with an invalid certificate.
            """)
    static let fingerprint = Flag<String?>.optional(
        "fingerprint", "SHA256", .text, "Accept only a server with this fingerprint",
        manual: """
            Accepts only a server whose certificate has this SHA-256 fingerprint, as `chatty serve` prints it. The client does not remember it: give it \
            each time.
            """)
    static let forget = Flag.switch(
        "forget", "Forget the server's key, and exit",
        manual: """
            Forgets what is known of this server, its key or that it had a certificate of a CA, and exits. Use it if the owner of the server has changed the \
            key. The next connection counts as the first one.
            """)
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder",
        manual: "The folder with the keys of known servers. See FILES for the default.")
    static let downloadDirectory = Flag<ByteString>.value(
        "download-dir", short: "D", "DIR", .directory, default: ".", ".", "Where received files go",
        manual: "The folder for received files.")
    static let announce = Flag<[String]>.repeatable(
        "announce", "ADDR:PORT", .text, "Address to give others instead of this host's",
        manual: """
            Tells other users to connect to this IPv4 or IPv6 address and port for files, instead of to this machine's own addresses. Use it for a router that \
            forwards the port, or for a tunnel.
            """)
    static let directOnly = Flag.switch(
        "direct-only", "Never relay files through the server",
        manual: """
            Files go directly from one machine to the other, or not at all. Without this option the server relays a file, sealed, if both are behind \
            routers through which no direct path is found.
            """)
    static let relayOnly = Flag.switch(
        "relay-only", "Relay all files through the server",
        manual: """
            Files go through the server's relay only, so that the other user does not learn the addresses of this machine. That is slower.
            """)
    static let plaintext = Flag.switch(
        "plaintext", aliases: ["no-tls"], "Do not use TLS",
        manual: """
            Connects without TLS. The server accepts this on its machine's loopback addresses (127.0.0.1, ::1), or if it was started with \
            `--allow-plaintext`.
            """)
    static let json = Flag.switch(
        "json", "Print one JSON object an event",
        manual:
            "Prints every event as one JSON object a line, for programs: see EVENTS. Later versions may add members and do not change the existing ones."
    )
    static let listen = Flag<OptionalValue<Duration>>.optionalValue(
        "listen", "TIME", .duration(.zero...Duration.seconds(10_000_000)), "Stay and print what arrives",
        manual: """
            Stays connected after the last command and prints what arrives: for TIME, or without TIME until the server closes the connection or a signal \
            ends the program. If a transfer is unfinished when the time is over, the exit status is 6 or 7.
            """)
    static let count = Flag<Int?>.optional(
        "count", "N", .number(1...1_000_000_000), "Exit after N messages",
        manual: "Exits after N messages have arrived. Implies `--listen`.")
    static let log = Flag<ByteString?>.optional(
        "log", "FILE", .file, "Append a transcript to this file",
        manual: """
            Appends everything that is shown and typed, except passwords, to a file. A new file is readable for its owner only. Each session begins with \
            a line with date and server, and each new day with a line with the date. With `--json` these lines are the events `opened` and `day`, and \
            what is typed is `typed`.
            """)
    static let bell = Flag<Bell>.choice(
        "bell", "WHEN", default: .dm, "When to ring the terminal's bell",
        manual: "Rings at direct messages and when your name is mentioned (`dm`), at every message (`all`) or never (`off`).")

    static let receipts = Flag<Receipts>.choice(
        "receipts", "WHEN", default: .on, "Whether to say that a message was sent",
        manual: """
            `on` confirms each message with the time at which it was sent; `off` shows only errors. On a terminal, messages to the same group are confirmed \
            once a minute.
            """)

    enum Receipts: String, CaseIterable, FlagDecodable {
        case on
        case off
    }

    enum Accept: String, CaseIterable, FlagDecodable {
        case ask
        case always
        case never
    }

    enum Bell: String, CaseIterable, FlagDecodable {
        case dm
        case all
        case off
    }

    static let spec = CommandSpec(
        name: "connect",
        summary: "join a chat server from the terminal or a script",
        positionals: [host.spec, port.spec, udpPort.spec],
        flags: [
            user.spec, passwordFile.spec, command.spec, accept.spec, acceptNew.spec, fingerprint.spec, forget.spec, data.spec,
            downloadDirectory.spec, announce.spec, ReachFlags.mapPort.spec, directOnly.spec, relayOnly.spec, plaintext.spec, json.spec,
            listen.spec, count.spec, log.spec, bell.spec, receipts.spec,
        ],
        seldom: [directOnly.spec.name, relayOnly.spec.name],
        description: [
            """
            Connects to a chat server, logs in and reads commands. `/help` lists them, Tab completes commands, names and files, and the arrow \
            keys go through earlier lines. Incoming messages never disturb the line that you type.
            """,
            """
            A line without a slash goes to the conversation that the prompt shows. To send a line that begins with a slash, type two slashes. The prompt \
            also shows `offline` while the connection is lost (the client restores it by itself), how many of your messages are `pending` until the server \
            confirms them, `away`, and the progress of transfers. A message that is not confirmed within a second is shown as `Pending`, and later as \
            `Delivered to the server` or as `Failed`, with its text. A line with `unread` comes before the messages that arrived while you were not logged \
            in, or after you had not used the keyboard for a minute.
            """,
            """
            Ctrl-C clears the line; pressed twice on an empty line it exits. Ctrl-D logs out; if that would stop a transfer, press it again to confirm. \
            Ctrl-Z and `fg` work. Pasted text is sent only when you press Return, and the client asks before it sends many lines. If the terminal \
            does not mark pasted text, lines that arrive at once count as a paste.
            """,
            """
            If stdin is not a terminal, the client reads commands from stdin, one a line; with `--command` it runs those. It prints the server's answers \
            and the messages of others as plain lines, waits for the outcome of the last command and exits. Errors of the client or of a transfer, and the \
            state of the connection, are on stderr. `/logout` also waits for your own transfers. If you have offered a file, the offer ends when the other user \
            has no session left, and in a script when nobody has answered it for five minutes; the exit status is then 6.
            """,
            """
            A file is offered to every session of the other user, including sessions that log in later. The first session that accepts it receives it. The offer \
            ends when the session that made it ends. If one session has `--accept never` or ignores the sender, the other sessions of the account can still \
            accept the file.
            """,
            """
            The connection is encrypted. The client accepts a server if a certificate authority (CA) that the system trusts has issued its certificate for the \
            name or address that you typed, and remembers that it had one. If the certificate is self-signed, the client remembers the server's key on the first \
            connection: on a terminal it asks you first, in a script it refuses the server unless `--accept-new` or `--fingerprint` is given, and on this \
            machine it accepts the server without a question. It refuses a server whose key has changed, and a self-signed certificate of a server that \
            had one of a CA before. If the new key has a certificate of a CA, `chatty connect` says so and continues on a terminal, and in a script with \
            `--accept-new`.
            """,
            """
            The client refuses any other certificate and says why: it has expired, is for another name, or the system does not trust its issuer. The \
            system's CAs are in `/etc/ssl/certs` (`/etc/pki/tls/certs` on Fedora). To use a CA of your own, add its certificate there, or use \
            `--fingerprint`.
            """,
        ],
        commands: SlashCommandKind.offered(toClient: true).map { .init(name: $0.invocation, text: $0.sentence) },
        events: EventKind.allCases.map { .init(name: $0.rawValue, text: $0.meaning) },
        environment: [
            .init(name: "CHATTY_PASSWORD", text: "The password, if `--password-file` is not given."),
            .init(name: "NO_COLOR", text: "Any value turns colours off, as `TERM=dumb` does."),
            .init(name: "TZ", text: "The time zone of times on a terminal. Without a terminal times are in UTC."),
            .init(
                name: "XDG_STATE_HOME",
                text: "Lines that were typed are stored in `$XDG_STATE_HOME/chatty`, instead of `~/.local/state/chatty`."),
        ],
        files: [
            .init(
                name: "~/.local/share/chatty",
                text: """
                    The default data folder. `known_hosts` lists the known servers: each with the fingerprint of its key, or with the word `vouched` if it has a \
                    certificate of a CA.
                    """),
            .init(
                name: "~/.local/state/chatty",
                text: """
                    For each server and account: the lines that were typed, in `history`, and the users that you ignore, in `ignored`. Neither contains a password.
                    """),
            .init(name: "~/.inputrc", text: "Settings of the line editor (readline); the application's name is `chatty`."),
        ],
        examples: [
            .init(text: "Join, and receive files on UDP port 9999:", line: "chatty connect 127.0.0.1 12345 9999"),
            .init(
                text: "Send a message from a script:",
                line: "chatty connect chat.example.org -u ci --password-file pw -c '/groupmsg builds done'"),
        ],
        seeAlso: ["chatty-serve(1)", "chatty-send-file(1)", "chatty-chat(7)"])
}
