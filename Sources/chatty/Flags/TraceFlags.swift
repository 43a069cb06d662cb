import TransferProtocol

/// The option for a trace of what a transfer does, which several commands have.
enum TraceFlags {
    static let qlog = Flag<ByteString?>.optional(
        "qlog", "FILE", .file, "Record every packet in this file, for viewers",
        manual: """
            Records what the transfer does in FILE, which is overwritten: every packet that is sent, received or lost, the round-trip time, what the \
            congestion control decides, the paths, and what limits the transfer. The form is qlog (version 0.3, a JSON text sequence), which viewers such as \
            qvis show. A packet takes about 200 bytes. The file contains the addresses of both sides, but no file names and no keys. If FILE cannot be \
            written any more, the command warns once, and the transfer goes on; if FILE is too slow, some events are left out, and their number is \
            recorded. Has no effect with `--legacy`.
            """)
}
