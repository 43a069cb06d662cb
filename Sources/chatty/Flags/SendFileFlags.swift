import TransferProtocol

/// The options of `chatty send-file`.
enum SendFileFlags {
    static let files = Positional<[ByteString]>.oneOrMore(
        "FILE", .file,
        manual: """
            What to send: files, folders with all that is in them, and `-`, standard input, once. Of a folder neither symbolic links nor devices, \
            pipes and sockets are sent, nor files that have no size of their own, as below `/proc`, and each is named. So is what cannot be sent: \
            what may not be read, or is gone, or has a name that is not UTF-8 or is too long for a receiver; the rest is sent, and the exit status is 1. \
            A FILE whose name is not UTF-8 is sent with `--name`. A folder named as `.` or `..` is sent under its real name; `/` has none, and needs \
            `--name`.
            """)
    static let destination = Positional<ByteString?>.optional(
        "DESTINATION", .fileOrHost,
        manual: """
            The ticket or the HOST:PORT that `chatty recv-file` printed. It is left out where the ticket comes from `--ticket-file` or \
            `CHATTY_TICKET`: then the last argument is a file as the others are, but where there is none of that name and it is a ticket or has a \
            colon, it is DESTINATION, which counts instead of `CHATTY_TICKET`.
            """)

    static let name = Flag<String?>.optional(
        "name", "NAME", .text, "The name that the receiver sees",
        manual: "The name that the receiver sees instead of the file's own. For one file.")
    static let limit = Flag<Int?>.optional(
        "limit", "RATE", .byteRate, "Send no faster than this",
        manual: """
            An upper bound of the rate: bytes a second, with `K`, `M` or `G` (powers of 1000) or `Ki`, `Mi`, `Gi` (of 1024), or bits with \
            `Mbit`.
            """)
    static let cc = Flag<CongestionControl>.choice(
        "cc", "CONTROL", default: .bbr, "The congestion control algorithm",
        manual: """
            The congestion control. `bbr` paces at the rate that the path is measured to carry: it keeps its rate through random loss, such as \
            that of radio links, and fills no queues. `cubic` is what most of the Internet does: it takes every loss for congestion.
            """)
    static let mtu = Flag<Int?>.optional(
        "mtu", "BYTES", .number(1200...65507), "The largest datagram to try",
        manual: """
            The largest datagram to try, in bytes of UDP payload. Without it the path is probed for the largest that it carries, up to that of \
            the loopback.
            """)
    static let ticketFile = Flag<ByteString?>.optional(
        "ticket-file", short: "t", "FILE", .file, "A file that holds the ticket",
        manual: """
            Reads the ticket from a file, `-` for stdin, instead of taking it as DESTINATION. All users of a machine can read its command lines while \
            the commands run, and whoever has the ticket can send.
            """)
    static let secretFile = Flag<ByteString?>.optional(
        "secret-file", "FILE", .file, "A file whose first line is a shared secret",
        manual: "A secret that both sides know, for a DESTINATION that is HOST:PORT. Secrets are never taken from the command line.")
    static let acceptNew = Flag.switch(
        "accept-new", "Trust an unknown receiver's key without asking",
        manual: "On the first transfer to a HOST:PORT, remembers the receiver's key without asking.")
    static let forget = Flag.switch(
        "forget", "Forget a receiver's key, and leave",
        manual: """
            Forgets the key that is remembered of the receiver at HOST:PORT, the only argument then, and leaves. The next transfer meets it as for the first time: \
            for a receiver that was set up anew.
            """)
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder",
        manual: "The folder with the keys of known receivers.")
    static let timeout = Flag<Duration>.value(
        "timeout", "TIME", .duration(.seconds(1)...Duration.seconds(86400)), default: .seconds(60), "60s",
        "Give up after this long without an answer",
        manual: """
            Gives up when for this long the other side has not answered, or it answers but no data gets through, or \
            the receiver's disk stays full. What has arrived of a file is kept: send the same again to resume.
            """)
    static let progress = Flag<Progress>.choice(
        "progress", "FORM", default: .text, "How progress is shown on stderr",
        manual: """
            `text` is a line for people, shown on a terminal only; `json` one JSON object a line on stderr, for programs, and nothing else: see EVENTS. Both tell what limits the transfer, \
            seen from this side. For both sides: `disk`, reading or writing the files; `processor` (`cpu` in JSON), this machine's, which has no \
            time left for more; `full disk` (`disk full`), the receiver's, until it has room. For the sender: `path`, the network; `receiver`, which \
            takes no more, or has yet to answer or to finish; `source`, the stream that is sent; `--limit` (`limit`). For the receiver: `reader`, \
            whoever reads its output; `sender or path`, which it cannot tell apart. A receiver that says `disk`, `processor` or `reader` is a \
            `receiver` to the sender, or, where its processor loses what arrives, a part of the `path`. Nothing (`idle`) is said where there is \
            nothing to send.
            """)
    static let quiet = Flag.switch(
        "quiet", short: "q", "Show errors only", manual: "Shows no progress and no summary; errors are still shown.")

    static let legacy = Flag.switch(
        "legacy", "Use the old, unencrypted protocol",
        manual: """
            Sends in the plain form that programs without encryption know, with a pause of a millisecond after each piece: `Start sending \
            file:NAME`, the pieces, `File send has finished.` Anybody on the way can read and change it, and what is lost is not noticed. \
            Tickets and `--secret-file` do not go with it; of the other options `--name`, `--limit`, `--progress` and `--quiet` have an effect.
            """)

    enum CongestionControl: String, CaseIterable, FlagDecodable {
        case bbr
        case cubic
    }

    enum Progress: String, CaseIterable, FlagDecodable {
        case text
        case json
    }

    static let spec = CommandSpec(
        name: "send-file",
        summary: "send files straight to another machine",
        positionals: [files.spec, destination.spec],
        flags: [
            name.spec, limit.spec, cc.spec, mtu.spec, ticketFile.spec, secretFile.spec, acceptNew.spec, forget.spec, data.spec,
            timeout.spec,
            progress.spec, quiet.spec,
            legacy.spec,
        ],
        description: [
            """
            Sends files over UDP to a `chatty recv-file` on another machine, without a server in between. Everything is encrypted. It succeeds only when the \
            receiver has every byte on its disk and the file in its final place.
            """,
            """
            DESTINATION is the ticket that the receiver printed, which holds its key, a secret and its addresses: whoever has it can send, and \
            nobody else can. It can also be a plain HOST:PORT. Then compare the key that is shown with the one that the receiver shows; it is remembered once the receiver \
            has proven it. The receiver is asked for its OK, or refuses: see its `--accept`. While there is no answer yet, it says `Waiting for the receiver`.
            """,
            """
            To resume an interrupted transfer, send the same file again. SIGINT, SIGTERM and SIGHUP (the terminal was closed) \
            interrupt it: the receiver is told, and keeps what it has.
            """,
        ],
        events: TransferNotice.entries(.sender),
        eventFields: TransferNotice.fieldEntries(.sender),
        environment: [
            .init(name: "CHATTY_TICKET", text: "The ticket, where neither DESTINATION nor `--ticket-file` is given."),
            .init(name: "CHATTY_SECRET", text: "The shared secret, where `--secret-file` is not given."),
        ],
        files: [
            .init(
                name: "~/.local/share/chatty",
                text: "The default data folder: this machine's key is in `transfer-key`, those of receivers met in `known-receivers`.")
        ],
        examples: [
            .init(text: "Send a video to the machine that printed the ticket:", line: "chatty send-file holiday.mp4 TICKET"),
            .init(
                text: "The same, with a ticket that nobody else on this machine can read:",
                line: "chatty send-file -t ticket.txt holiday.mp4"),
            .init(
                text: "What became of each file, for a program:",
                line: "chatty send-file --progress json *.mp4 TICKET 2>&1 | jq -r 'select(.event == \"done\").name'"),
        ],
        seeAlso: ["chatty-recv-file(1)", "chatty-connect(1)", "chatty-transfer(7)"])
}
