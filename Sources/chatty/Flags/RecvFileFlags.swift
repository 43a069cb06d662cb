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
    static let once = Flag.switch("once", "Leave after one transfer", manual: "Leaves after one transfer: the same as `--count 1`.")
    static let count = Flag<Int?>.optional(
        "count", "N", .number(1...1_000_000_000), "Leave after N transfers",
        manual: """
            Leaves when so many transfers are over. Once so many have had files taken no other is: its files are declined. One of which nothing \
            was taken does not count, nor one whose sender was killed and comes again.
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
            on the terminal about everybody's, file by file unless the answer is for all of the transfer. Without it, who has the ticket or the shared secret is not asked about; a sender that has only an \
            address is on a terminal, and taken where there is none to ask on. Where a shared secret is given, one without it is always refused.
            """)
    static let announce = Flag<[String]>.repeatable(
        "announce", "ADDR[:PORT]", .text, "Where senders reach the port, if not here",
        manual: """
            Tells senders to send to this address, an IPv4 or IPv6 address with a port or without, instead of to this machine's own: that of a router \
            which forwards the port, or of a tunnel, or one of this machine's own for which the ticket had no room. At most 16 of them.
            """)
    static let secretFile = Flag<ByteString?>.optional(
        "secret-file", "FILE", .file, "A file whose first line is a shared secret",
        manual: "A secret that both sides know, for senders that have no ticket.")
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder", manual: "The folder that holds this machine's key.")

    static let legacy = Flag.switch(
        "legacy", "Speak the plain form of old programs, unencrypted",
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
            output.spec, once.spec, count.spec, overwrite.spec, accept.spec, announce.spec, secretFile.spec, data.spec,
            SendFileFlags.timeout.spec, SendFileFlags.progress.spec, SendFileFlags.quiet.spec, legacy.spec,
        ],
        description: [
            """
            Waits for a `chatty send-file`, and prints on stderr the ticket and the HOST:PORT forms to give to the sender. The ticket holds a key \
            and a secret: give it to nobody but the sender. Whoever has it can send. Who has only HOST:PORT can send where you do not forbid it: \
            see `--accept`.
            """,
            """
            A ticket holds 16 addresses, those first at which this machine is most likely to be reached: of the network with the default route, other \
            hardware, tunnels, and bridges and the like; link-local ones and loopback are last. What had no room is said.
            """,
            """
            A file is written beside its final name with `.part` behind it, flushed to the disk and then renamed, so that a name without `.part` \
            is a whole file. Names are reduced to safe ones within the folder, and the sender is told what is called otherwise: see chatty-transfer(7). \
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
            .init(name: "~/.local/share/chatty", text: "The default data folder: this machine's key is in `transfer-key`."),
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
