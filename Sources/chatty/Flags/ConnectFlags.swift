import ChatClient
import ChatProtocol
import TransferProtocol

/// The options of `chatty connect`.
enum ConnectFlags {
    static let host = Positional<String>.required(
        "HOST", .host, manual: "The server's name or address; `HOST:PORT` and, with an IPv6 address, `[HOST]:PORT` name the port too.")
    static let port = Positional<Int>.optional(
        "PORT", .port(zeroIsAnyFree: false), default: 6697, "6697", manual: "The server's TCP port.")
    static let udpPort = Positional<Int?>.optional(
        "UDP_PORT", .port(zeroIsAnyFree: true), defaultText: "any free one",
        manual: "The UDP port that receives files from other users.")

    static let user = Flag<String?>.optional(
        "user", short: "u", "NAME", .text, "The account to log in as",
        manual: "The account to log in as, instead of being asked for it.")
    static let passwordFile = Flag<ByteString?>.optional(
        "password-file", "FILE", .file, "A file whose first line is the password",
        manual: "Reads the password from the first line of a file, `-` for stdin. Passwords are never taken from the command line.")
    static let command = Flag<[String]>.repeatable(
        "command", short: "c", "COMMAND", .text, "Run a command and exit; may be repeated",
        manual: """
            Runs this command, waits for its outcome and exits; several run in the order given. It can be any command that can be typed, \
            such as `/msgto yoda hello`, in one line; except `/passwd`, which asks for passwords.
            """)
    static let accept = Flag<Accept>.choice(
        "accept", "WHEN", default: .ask, "What to do with offered files",
        manual: "`ask` shows the offer and waits for `/accept` or `/decline`; `always` and `never` answer without asking.")
    static let acceptNew = Flag.switch(
        "accept-new", "Trust an unknown server's key without asking",
        manual: """
            On the first connection to a server, remembers its key without asking; and accepts a certificate of a certificate authority (CA) in place of a \
            known key. Without it a script refuses both. If the key has changed to another self-signed one, the server is refused all the same, and so is a \
            certificate that is not valid.
            """)
    static let fingerprint = Flag<String?>.optional(
        "fingerprint", "SHA256", .text, "Accept only a server with this fingerprint",
        manual: """
            Accepts only a server whose certificate has this SHA-256 fingerprint, as `chatty serve` prints it. It is not remembered: give it \
            each time.
            """)
    static let forget = Flag.switch(
        "forget", "Forget the server's key, and exit",
        manual: """
            Forgets the key of this server, or that it had a certificate of a CA, and exits. The next connection is a first one again: for a server whose owner has \
            changed its key.
            """)
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder",
        manual: "The folder with the keys of known servers. See FILES for the default.")
    static let downloadDirectory = Flag<ByteString>.value(
        "download-dir", short: "D", "DIR", .directory, default: ".", ".", "Where received files go",
        manual: "The folder that received files are put into.")
    static let announce = Flag<[String]>.repeatable(
        "announce", "ADDR:PORT", .text, "Address to give others instead of this host's",
        manual: """
            Tells others to send files to this IPv4 or IPv6 address and port instead of to this machine's own: that of a router that forwards the port, or of a tunnel.
            """)
    static let plaintext = Flag.switch(
        "plaintext", aliases: ["no-tls"], "Do not use TLS",
        manual: """
            Connects without TLS. The server takes that on its machine's loopback addresses (127.0.0.1, ::1), or where it was started with \
            `--allow-plaintext`.
            """)
    static let json = Flag.switch(
        "json", "Print one JSON object an event",
        manual: "Prints every event as one JSON object a line, for programs: see EVENTS. Members may be added in time, none changes.")
    static let listen = Flag<OptionalValue<Duration>>.optionalValue(
        "listen", "TIME", .duration(.zero...Duration.seconds(10_000_000)), "Stay and print what arrives",
        manual: """
            Stays after the last command and prints what arrives: for this time, or without one until the server or a signal ends it. A file that is \
            not done when the time is over makes the exit status 6 or 7.
            """)
    static let count = Flag<Int?>.optional(
        "count", "N", .number(1...1_000_000_000), "Exit after N messages",
        manual: "Leaves after so many messages have arrived. Implies `--listen`.")
    static let log = Flag<ByteString?>.optional(
        "log", "FILE", .file, "Keep a transcript",
        manual: """
            Appends all that is shown and typed, but for passwords, to a file, which is made readable for its owner alone. A line with date and server \
            begins each session, one with the date each new day; with `--json` these and what is typed are events `opened`, `day` and `typed`.
            """)
    static let bell = Flag<Bell>.choice(
        "bell", "WHEN", default: .dm, "When to ring the terminal's bell",
        manual: "Rings at direct messages and where one's name is mentioned (`dm`), at every message (`all`) or never (`off`).")

    static let receipts = Flag<Receipts>.choice(
        "receipts", "WHEN", default: .on, "Whether to say that a message was sent",
        manual: """
            Says of each message that it was sent, and when (`on`), or only what went wrong (`off`). On a terminal it is said once a minute of the \
            messages to one group.
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
            downloadDirectory.spec, announce.spec, plaintext.spec, json.spec, listen.spec, count.spec, log.spec, bell.spec, receipts.spec,
        ],
        description: [
            """
            Connects to a chat server, logs in and takes commands: `/help` lists them, Tab completes commands, names and files, and the arrow \
            keys go through what was typed before. Incoming messages never disturb the line being typed.
            """,
            """
            A line without a slash goes to the conversation that the prompt shows; one that begins with two goes there with one. The prompt also says `offline` while the connection is lost, \
            which mends itself, how many own messages are `pending` until the server has confirmed them, `away`, and how far transfers are. \
            A message that waits for longer than a second is shown as `Pending`, and then as `Delivered to the server` or as `Failed`, with its \
            text. A line with `unread` in it stands before what came while one was not logged in, or had not touched the keyboard for a minute.
            """,
            """
            Ctrl-C clears the line, or leaves when pressed twice on an empty one; Ctrl-D logs out, and asks to be pressed again where that would stop \
            a transfer; Ctrl-Z and `fg` work. Of pasted text nothing is sent \
            before Return, and many lines are asked about first; where the terminal does not mark pastes, lines that arrive at once are one.
            """,
            """
            Where stdin is not a terminal, or with `--command`, it reads commands from there, a line each, prints the server's answers and what others say plainly, \
            waits for the outcome of the last one and leaves. What goes wrong here or with a file, and what becomes of the connection, is on stderr. \
            `/logout` waits for own transfers too. An own offer ends when the other user has no session left, and in a script when nobody has answered it for \
            five minutes; both are status 6.
            """,
            """
            A file is offered to every session of the other user, including those that log in later; the first one that accepts it receives it. The offer ends \
            when the session that made it ends. A session with `--accept never`, or whose user ignores the sender, does not decline it for the other sessions of the account.
            """,
            """
            The connection is encrypted. A server is accepted if a certificate authority (CA) that the system trusts has issued its certificate for the name or address that \
            was typed, and that is remembered. A server with a self-signed certificate is remembered by its key on the first connection: on a terminal you are asked, \
            a script refuses it unless `--accept-new` or `--fingerprint` is given, and on this machine it is accepted without a question. A key that has changed is \
            refused, and so is a self-signed certificate of a server that had one of a CA before. If the new key has a certificate of a CA, `chatty connect` \
            says so on a terminal and goes on, and so does a script with `--accept-new`.
            """,
            """
            Any other certificate is refused, with the reason: it has expired, is for another name, or its issuer is not trusted by the \
            system. The system's CAs are those in `/etc/ssl/certs` (`/etc/pki/tls/certs` on Fedora); for one of \
            your own, add its certificate there, or use `--fingerprint`.
            """,
        ],
        commands: SlashCommandKind.offered(toClient: true).map { .init(name: $0.invocation, text: $0.sentence) },
        events: EventKind.allCases.map { .init(name: $0.rawValue, text: $0.meaning) },
        environment: [
            .init(name: "CHATTY_PASSWORD", text: "The password, where `--password-file` is not given."),
            .init(name: "NO_COLOR", text: "Set to anything, it turns colours off, as `TERM=dumb` does."),
            .init(name: "TZ", text: "The zone in which times are shown on a terminal; elsewhere they are those of Greenwich."),
            .init(name: "XDG_STATE_HOME", text: "The folder whose `chatty` holds what was typed before, instead of `~/.local/state`."),
        ],
        files: [
            .init(
                name: "~/.local/share/chatty",
                text: """
                    The default data folder: known servers are in `known_hosts`, with the fingerprint of the key, or `vouched` if it has a certificate of a CA.
                    """),
            .init(
                name: "~/.local/state/chatty",
                text: """
                    For each server and account what was typed before, in `history`, and whom one ignores, in `ignored`; never a password.
                    """),
            .init(name: "~/.inputrc", text: "Settings of the line editor; the application's name is `chatty`."),
        ],
        examples: [
            .init(text: "Join, and receive files on UDP port 9999:", line: "chatty connect 127.0.0.1 12345 9999"),
            .init(
                text: "Say something from a script:",
                line: "chatty connect chat.example.org -u ci --password-file pw -c '/groupmsg builds done'"),
        ],
        seeAlso: ["chatty-serve(1)", "chatty-send-file(1)", "chatty-chat(7)"])
}
