import TransferProtocol

/// The options of `chatty send-file`.
enum SendFileFlags {
    static let files = Positional<[ByteString]>.oneOrMore(
        "FILE", .file,
        manual: """
            What to send: files, folders with everything in them, and, at most once, `-` for standard input. send-file does not send the symbolic links, \
            devices, pipes and sockets in a folder, or files without a size, as below `/proc`; it prints their names. It also prints the names of files that \
            it cannot send: files that it may not read, that are gone, or whose name is not UTF-8 or too long for a receiver. It sends the other files, and the \
            exit status is 1. To send a FILE whose name is not UTF-8, use `--name`. A folder given as `.` or `..` is sent under its real name; `/` has no name, \
            and needs `--name`.
            """)
    static let destination = Positional<ByteString?>.optional(
        "DESTINATION", .fileOrHost,
        manual: """
            The ticket, the code or the HOST:PORT that `chatty recv-file` printed. Without it send-file shows a code, and sends to the first who types \
            it. Leave it out, too, if the ticket or code comes from `--ticket-file` or `CHATTY_TICKET`: then the last argument is a file like the others. \
            Only if no file has that name, and it is a ticket, has the form of a code or contains a colon, it is DESTINATION, and `CHATTY_TICKET` is \
            ignored.
            """)

    static let name = Flag<String?>.optional(
        "name", "NAME", .text, "The name that the receiver sees",
        manual: "The name that the receiver sees instead of the file's own. For one file.")
    static let limit = Flag<Int?>.optional(
        "limit", "RATE", .byteRate, "Send no faster than this",
        manual: """
            The highest rate: in bytes a second, with `K`, `M` or `G` (powers of 1000) or `Ki`, `Mi` or `Gi` (powers of 1024), or in bits a second with \
            `Mbit`.
            """)
    static let cc = Flag<CongestionControl>.choice(
        "cc", "CONTROL", default: .bbr, "The congestion control algorithm",
        manual: """
            The congestion control. `bbr` measures the rate that the path can carry and sends at that rate. It keeps its rate through random loss, as on \
            radio links, and does not fill queues. `cubic` is what most of the Internet uses. It treats every loss as congestion.
            """)
    static let mtu = Flag<Int?>.optional(
        "mtu", "BYTES", .number(1200...65507), "The largest datagram to try",
        manual: """
            The largest datagram to try, in bytes of UDP payload. Without this option send-file probes for the largest datagram that the path carries, up to \
            that of the loopback.
            """)
    static let ticketFile = Flag<ByteString?>.optional(
        "ticket-file", short: "t", "FILE", .file, "A file that holds the ticket or code",
        manual: """
            Reads the ticket or code from a file, `-` for stdin, so that it is not on the command line. All users of a machine can read the command lines of \
            running programs, and whoever has the ticket can send.
            """)
    static let secretFile = Flag<ByteString?>.optional(
        "secret-file", "FILE", .file, "A file whose first line is a shared secret",
        manual:
            "A secret that both sides know, for a DESTINATION that is HOST:PORT. It is the first line of FILE; it cannot be given on the command line."
    )
    static let acceptNew = Flag.switch(
        "accept-new", "Trust an unknown receiver's key without asking",
        manual: "On the first transfer to a HOST:PORT, remembers the receiver's key without asking.")
    static let forget = Flag.switch(
        "forget", "Forget a receiver's key, and exit",
        manual: """
            Forgets the key of the receiver at HOST:PORT, which is the only argument, and exits. Use it if the receiver was set up again and has a new key. The \
            next transfer counts as the first one.
            """)
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder",
        manual: "The folder with the keys of known receivers.")
    static let timeout = Flag<Duration>.value(
        "timeout", "TIME", .duration(.seconds(1)...Duration.seconds(86400)), default: .seconds(60), "60s",
        "Give up after this long without an answer",
        manual: """
            Gives up if for this time the other side does not answer, or answers but no data gets through, or \
            the receiver's disk stays full. The receiver keeps the parts that have arrived: send the same files again to resume.
            """)
    static let progress = Flag<Progress>.choice(
        "progress", "FORM", default: .text, "How progress is shown on stderr",
        manual: """
            `text` is a line for people, shown on a terminal only. `json` prints one JSON object a line on stderr, for programs, and nothing else: see EVENTS. \
            Both say what limits the transfer, as seen from this side. On both sides: `disk` is reading or writing the files; `processor` (`cpu` in JSON) is \
            this machine's processor, which is fully used; `full disk` (`disk full` in JSON) is the receiver's disk, until it has room. At the sender: `path` is \
            the network; `receiver` accepts no more data, or has not answered or finished yet; `source` is the stream that is sent; `--limit` (`limit` in JSON) \
            is that option. At the receiver: `reader` is the program that reads its output; `sender or path` is one of the two, which it cannot distinguish. \
            If the receiver shows `disk`, `processor` or `reader`, the sender shows `receiver`, or `path` if the receiver's processor loses packets. If there is \
            nothing to send, `text` shows no limit and `json` shows `idle`.
            """)
    static let quiet = Flag.switch(
        "quiet", short: "q", "Show errors only", manual: "Shows no progress and no summary; errors are still shown.")

    static let legacy = Flag.switch(
        "legacy", "Use the old, unencrypted protocol",
        manual: """
            Sends with the old, unencrypted protocol: `Start sending file:NAME`, the pieces of the file with a pause of a millisecond after each, and \
            `File send has finished.` Everybody on the network path can read and change the data, and lost data is not detected. \
            Tickets and `--secret-file` cannot be combined with it; of the other options `--name`, `--limit`, `--progress` and `--quiet` have an effect.
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
            name.spec, limit.spec, cc.spec, mtu.spec, ReachFlags.mapPort.spec, ticketFile.spec, secretFile.spec, acceptNew.spec,
            forget.spec, data.spec,
            timeout.spec,
            progress.spec, quiet.spec, TraceFlags.qlog.spec,
            legacy.spec,
        ],
        description: [
            """
            Sends files over UDP to a `chatty recv-file` on another machine, without a server. Everything is encrypted. It succeeds only when the \
            receiver has every byte on its disk and the file is in its final place.
            """,
            """
            DESTINATION is the ticket that the receiver printed. It contains the receiver's key, a secret and its addresses; whoever has it can send. \
            DESTINATION can also be a HOST:PORT. Then compare the key that send-file shows with the key that the receiver shows. send-file remembers the key \
            after a handshake with it. The user of the receiver is asked, or the receiver refuses: see its `--accept`. Until the receiver answers, send-file \
            shows `Waiting for the receiver`.
            """,
            """
            Or it is a code, such as `7-guitar-ahead`, which can be told on the telephone. It is for machines on the same network, and needs no server: both sides \
            prove to each other that they know it, without telling it to anybody who does not. Without DESTINATION send-file shows a code itself; on the other \
            machine `chatty recv-file 7-guitar-ahead` receives the files. The first wrong code that somebody tries ends a code, and another is shown; after the \
            third send-file exits.
            """,
            """
            To resume an interrupted transfer, send the same file again. SIGINT, SIGTERM and SIGHUP (the terminal was closed) \
            interrupt the transfer: send-file informs the receiver, which keeps what it has received.
            """,
        ],
        events: TransferNotice.entries(.sender),
        eventFields: TransferNotice.fieldEntries(.sender),
        environment: [
            .init(name: "CHATTY_TICKET", text: "The ticket or code, if neither DESTINATION nor `--ticket-file` is given."),
            .init(name: "CHATTY_SECRET", text: "The shared secret, if `--secret-file` is not given."),
        ],
        files: [
            .init(
                name: "~/.local/share/chatty",
                text:
                    "The default data folder. This machine's key is in `transfer-key`, the keys of known receivers are in `known-receivers`."
            )
        ],
        examples: [
            .init(text: "Send a video to the machine that printed the ticket:", line: "chatty send-file holiday.mp4 TICKET"),
            .init(
                text: "Send it to somebody on the same network, whom you tell the code that send-file shows:",
                line: "chatty send-file holiday.mp4"),
            .init(
                text: "Send it with the ticket in a file, so that other users of this machine cannot read it:",
                line: "chatty send-file -t ticket.txt holiday.mp4"),
            .init(
                text: "Print the names of the files that have arrived, for a program:",
                line: "chatty send-file --progress json *.mp4 TICKET 2>&1 | jq -r 'select(.event == \"done\").name'"),
        ],
        seeAlso: ["chatty-recv-file(1)", "chatty-connect(1)", "chatty-transfer(7)"])
}
