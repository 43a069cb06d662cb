import TransferProtocol

/// The options of `chatty recv-file`.
enum RecvFileFlags {
    static let port = Positional<Int>.optional(
        "PORT", .port(zeroIsAnyFree: true), default: 0, "any free one", manual: "The UDP port to receive on.")

    static let output = Flag<ByteString>.value(
        "output", short: "o", "PATH", .file, default: ".", ".", "The folder or file to write",
        manual: """
            A folder that received files are put into, made where the path ends with `/`; or the path of the file to write, which takes one file of \
            each transfer. `-` is standard output. That, a named pipe or a device takes one file: it leaves after that.
            """)
    static let once = Flag.switch(
        "once", "Leave when one transfer is complete", manual: "Leaves when one transfer is complete: the same as `--count 1`.")
    static let count = Flag<Int?>.optional(
        "count", "N", .number(1...1_000_000_000), "Leave when N transfers are complete",
        manual: """
            Leaves when so many transfers are complete. One that was interrupted does not count: its sender can send the same again, with the \
            same ticket, and goes on from where it stopped. Nor does one of which nothing was taken. While as many are under way as are wanted, the files of others \
            are declined.
            """)
    static let overwrite = Flag.switch(
        "overwrite", "Replace files that exist",
        manual: """
            Replaces a file that was there before and has the same name. Without it the new one is named like `movie (1).mp4`, as is a second \
            file of that name in one transfer.
            """)
    static let accept = Flag<Accept?>.optional(
        "accept", "WHEN", .choice(Accept.allCases.map(\.rawValue)), "Whose files to take unasked",
        manual: """
            `always` takes the files of anybody who reaches the port; `ticket` only those of who has the ticket or the shared secret; `ask` asks \
            on the terminal about everybody's, with one question for each file and for each folder with all that is in it. Without it, a sender with the ticket or the shared \
            secret is taken; one with only an address needs your OK on a terminal, and is refused where there is none, as in a script. Where a shared secret is given, a sender without it is always refused.
            """)
    static let announce = Flag<[String]>.repeatable(
        "announce", "ADDR[:PORT]", .text, "Address to give senders instead of this host's",
        manual: """
            Tells senders to send to this IPv4 or IPv6 address, with or without a port, instead of to this machine's own addresses: that of a router \
            that forwards the port, of a tunnel, or one of this machine's own that the ticket has no room for. May be given up to 16 times.
            """)
    static let newTicket = Flag.switch(
        "new-ticket", "Make a new ticket; earlier ones are refused",
        manual: """
            Makes a new ticket for PORT, and keeps it. Whoever has an earlier one is refused from then on. Without PORT every ticket is a new one.
            """)
    static let secretFile = Flag<ByteString?>.optional(
        "secret-file", "FILE", .file, "A file whose first line is a shared secret",
        manual: "A secret that both sides know, for senders without a ticket.")
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder", manual: "The folder that holds this machine's key.")

    static let legacy = Flag.switch(
        "legacy", "Use the old, unencrypted protocol",
        manual: """
            Receives in the plain form that programs without encryption know. Anybody who reaches the port can send, anybody on the way can read \
            and change what is sent, and what is lost is not noticed. Its senders wait for no answer and know neither tickets nor secrets: \
            `--accept ask`, `--accept ticket` and `--secret-file` do not go with it. What has arrived of a file when it is interrupted is not kept.
            """)

    enum Accept: String, CaseIterable, FlagDecodable {
        case ticket
        case ask
        case always
    }

    static let spec = CommandSpec(
        name: "recv-file",
        summary: "receive files straight from another machine",
        positionals: [port.spec],
        flags: [
            output.spec, once.spec, count.spec, overwrite.spec, accept.spec, announce.spec, newTicket.spec, secretFile.spec, data.spec,
            SendFileFlags.timeout.spec, SendFileFlags.progress.spec, SendFileFlags.quiet.spec, legacy.spec,
        ],
        description: [
            """
            Waits for a `chatty send-file`, and prints on stderr the command to type on the other machine, the ticket that is in it, the HOST:PORT forms of its \
            addresses and the fingerprint of its key. The ticket holds the key and a secret: give it to nobody but the sender, for whoever has it can send. \
            A sender with only HOST:PORT needs your OK: see `--accept`. It is shown the fingerprint, to compare it with the one printed here.
            """,
            """
            With a PORT the ticket is the same each time, as long as the addresses are and the data folder is kept: the secret is in the file `ticket-PORT` there, which only \
            its owner can read. So a sender that was given the ticket once can send whenever a receiver runs on that port; `--new-ticket` ends that. Without a PORT \
            each start has a ticket of its own, which nobody can use afterwards.
            """,
            """
            A ticket holds up to 16 addresses, the most likely ones first: those of the network with the default route, then other \
            hardware, tunnels, bridges and the like; link-local and loopback addresses come last. It says which ones it had no room for.
            """,
            """
            A file is written beside its final name with `.part` behind it, flushed to the disk and then renamed, so that a name without `.part` \
            is a whole file. A file that this sender has sent before, and that is still there as it was, is recognised and not stored twice, where the file system keeps \
            extended attributes. Names are reduced to safe ones within the folder, and the sender is told what is called otherwise: see chatty-transfer(7). \
            A leading dot becomes `_`, but for what is in a folder that is sent. An interrupted transfer of files is resumed when the same are sent again.
            """,
            """
            SIGINT, SIGTERM and SIGHUP, which comes when the terminal is closed, end it, also while it asks: senders are told, and what arrived of files is kept.
            """,
        ],
        events: TransferNotice.entries(.receiver),
        eventFields: TransferNotice.fieldEntries(.receiver),
        environment: [
            .init(name: "CHATTY_SECRET", text: "The shared secret, where `--secret-file` is not given. Has no effect with `--legacy`.")
        ],
        files: [
            .init(
                name: "~/.local/share/chatty",
                text:
                    "The default data folder: this machine's key is in `transfer-key`, the secret of the tickets for a port in `ticket-PORT`."
            ),
            .init(name: "*.part", text: "A file that is not whole yet."),
            .init(
                name: ".*.part.journal",
                text: """
                    What is known of it; after an interrupted transfer also of files that are whole, so that the same sent again is not \
                    written twice. May be removed.
                    """),
        ],
        examples: [.init(text: "Receive one file into a folder:", line: "chatty recv-file --once -o ~/Videos/")],
        seeAlso: ["chatty-send-file(1)", "chatty-connect(1)", "chatty-transfer(7)"])
}
