import Connectivity
import TransferProtocol

/// The options of `chatty recv-file`.
enum RecvFileFlags {
    static let place = Positional<Place>.optional(
        "PORT|CODE", .portOrCode, default: .port(0), "any free port",
        manual: """
            The UDP port to receive on. Or the code that `chatty send-file` shows on another machine of the same network, such as `7-guitar-ahead`: then \
            recv-file receives from that sender only, and exits when the transfer ends. Capital letters, and spaces instead of the dashes, do not matter.
            """)

    static let output = Flag<ByteString>.value(
        "output", short: "o", "PATH", .file, default: ".", ".", "The folder or file to write",
        manual: """
            The folder for received files; if the path ends with `/`, the folder is made. Or the path of the file to write, which takes one file of \
            each transfer. `-` is standard output. With standard output, a named pipe or a device, recv-file receives one file and exits.
            """)
    static let once = Flag.switch(
        "once", "Exit when one transfer is complete", manual: "Exits when one transfer is complete: the same as `--count 1`.")
    static let count = Flag<Int?>.optional(
        "count", "N", .number(1...1_000_000_000), "Exit when N transfers are complete",
        manual: """
            Exits when N transfers are complete. An interrupted transfer does not count: its sender can send the same files again, with the same ticket, \
            and the transfer resumes. A transfer of which every file was declined does not count either. While N transfers are running, recv-file declines \
            the files of other senders.
            """)
    static let overwrite = Flag.switch(
        "overwrite", "Replace files that exist",
        manual: """
            Replaces an existing file of the same name. Without this option the new file gets a name like `movie (1).mp4`. A second file of one name \
            in the same transfer always gets such a name.
            """)
    static let accept = Flag<Accept?>.optional(
        "accept", "WHEN", .choice(Accept.allCases.map(\.rawValue)), "Whose files to accept without asking",
        manual: """
            `always` accepts the files of everybody who reaches the port; then the router is asked to pass the port on only with `--map-port on`. \
            `ticket` accepts only senders with the ticket, the code or the shared secret. `ask` asks \
            on the terminal about every sender, with one question for each file and one for each folder with everything in it. Without this option, a sender with \
            the ticket, the code or the shared secret is accepted; a sender with only an address needs your OK on a terminal, and is refused without a terminal, as in a \
            script. If a shared secret is given, a sender that has neither it nor the ticket or code is always refused.
            """)
    static let announce = Flag<[String]>.repeatable(
        "announce", "ADDR[:PORT]", .text, "Address to give senders instead of this host's",
        manual: """
            Tells senders to send to this IPv4 or IPv6 address, with or without a port, instead of to this machine's own addresses. Use it for a router \
            that forwards the port, for a tunnel, or for an address of this machine that the ticket has no room for: 16 at most.
            """)
    static let newTicket = Flag.switch(
        "new-ticket", "Make a new ticket; earlier ones are refused",
        manual: """
            Makes a new ticket for PORT and uses it from now on. A sender with an earlier ticket is refused. Without PORT every ticket is new.
            """)
    static let ticketFile = Flag<ByteString?>.optional(
        "ticket-file", short: "t", "FILE", .file, "A file that holds a sender's code",
        manual: """
            Reads the CODE from a file, `-` for stdin, so that it is not on the command line, which all users of a machine can read.
            """)
    static let secretFile = Flag<ByteString?>.optional(
        "secret-file", "FILE", .file, "A file whose first line is a shared secret",
        manual: "A secret that both sides know, for senders without a ticket. It is the first line of FILE.")
    static let data = Flag<ByteString?>.optional(
        "data", short: "d", "DIR", .directory, "The data folder", manual: "The folder with this machine's key.")

    static let legacy = Flag.switch(
        "legacy", "Use the old, unencrypted protocol",
        manual: """
            Receives with the old, unencrypted protocol. Everybody who reaches the port can send, everybody on the network path can read \
            and change the data, and lost data is not detected. Senders of this protocol do not wait for an answer and have neither tickets nor secrets, \
            so `--accept ask`, `--accept ticket` and `--secret-file` cannot be combined with it. An interrupted file is deleted. The router is not asked \
            to pass the port on.
            """)

    /// Where senders are expected: on a port, or at the place of a code, whose words are not checked yet.
    enum Place: FlagDecodable, Equatable {
        case port(Int)
        case code(String)

        init?(flagValue value: FlagValue) {
            switch value {
            case .number(let port): self = .port(port)
            case .text(let code): self = .code(code)
            default: return nil
            }
        }

        /// The port; any free one for a code.
        var port: Int { if case .port(let port) = self { port } else { 0 } }
    }

    enum Accept: String, CaseIterable, FlagDecodable {
        case ticket
        case ask
        case always
    }

    static let spec = CommandSpec(
        name: "recv-file",
        summary: "receive files straight from another machine",
        positionals: [place.spec],
        flags: [
            output.spec, once.spec, count.spec, overwrite.spec, accept.spec, announce.spec, ReachFlags.mapPort.spec, newTicket.spec,
            ticketFile.spec, secretFile.spec, data.spec,
            SendFileFlags.timeout.spec, SendFileFlags.progress.spec, SendFileFlags.quiet.spec, TraceFlags.qlog.spec, legacy.spec,
        ],
        description: [
            """
            Waits for a `chatty send-file`. It prints on stderr the command to type on the other machine, the ticket, its addresses as HOST:PORT, and the \
            fingerprint of its key. The ticket contains the key and a secret. Whoever has it can send, so give it only to the sender. \
            A sender with only HOST:PORT needs your OK: see `--accept`. It shows the fingerprint, which should be the same as the one that recv-file prints.
            """,
            """
            With a PORT the ticket is the same each time, unless the addresses change or the data folder is removed. The secret is in the file `ticket-PORT` \
            in the data folder, which only its owner can read. So a sender that has the ticket can send whenever a receiver runs on that port, until you use \
            `--new-ticket`. Without a PORT each start has its own ticket, which is invalid when recv-file exits.
            """,
            """
            It also shows a code, such as `7-guitar-ahead`, which can be told on the telephone: on another machine of the same network \
            `chatty send-file FILE 7-guitar-ahead` sends to this receiver. Whoever has the code can send, as with the ticket, as long as recv-file runs. The \
            first wrong code that somebody tries ends it, and recv-file shows another; after the third there is only the ticket. No server takes part: \
            chatty-transfer(7) says what the network learns.
            """,
            """
            A ticket contains up to 16 addresses, the most likely ones first: those of the network with the default route, then those of other \
            hardware, of tunnels, bridges and similar interfaces; link-local and loopback addresses come last. recv-file prints the addresses that it left out.
            """,
            """
            A file is written under its final name with `.part` added, flushed to the disk and then renamed, so a file without `.part` \
            is complete. If this sender has sent the file before and it is unchanged, it is not stored twice (on file systems with \
            extended attributes). Names are changed to safe ones within the folder, and the sender is told which ones: see chatty-transfer(7). \
            A leading dot becomes `_`, except within a folder that is sent. To resume an interrupted transfer, send the same files again.
            """,
            """
            SIGINT, SIGTERM and SIGHUP (the terminal was closed) end the program, also while it waits for your answer. It informs the senders and keeps the \
            parts of files that have arrived.
            """,
        ],
        events: TransferNotice.entries(.receiver),
        eventFields: TransferNotice.fieldEntries(.receiver),
        environment: [
            .init(
                name: "CHATTY_TICKET",
                text:
                    "The CODE, if neither PORT nor CODE nor `--ticket-file` is given. A ticket in it is for send-file, and has no effect here."
            ),
            .init(name: "CHATTY_SECRET", text: "The shared secret, if `--secret-file` is not given. Has no effect with `--legacy`."),
        ],
        files: [
            .init(
                name: "~/.local/share/chatty",
                text:
                    "The default data folder. This machine's key is in `transfer-key`, the secret of the ticket for a port in `ticket-PORT`."
            ),
            .init(name: "*.part", text: "A file that is not complete yet."),
            .init(
                name: ".*.part.journal",
                text: """
                    The state of an incomplete file; after an interrupted transfer also the state of complete files, so that they are not \
                    written again when they are sent again. You can delete it.
                    """),
        ],
        examples: [
            .init(text: "Receive one file into a folder:", line: "chatty recv-file --once -o ~/Videos/"),
            .init(
                text: "Receive what somebody on the same network sends, who has told you the code:", line: "chatty recv-file 7-guitar-ahead"
            ),
        ],
        seeAlso: ["chatty-send-file(1)", "chatty-connect(1)", "chatty-transfer(7)"])
}
