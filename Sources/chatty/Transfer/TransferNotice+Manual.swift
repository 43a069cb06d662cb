/// What the manual pages say of `--progress json`.
extension TransferNotice {
    enum Side {
        case sender
        case receiver

        var events: [Event] { Event.allCases.filter { self == .receiver || ($0 != .listening && $0 != .offered) } }
    }

    static func entries(_ side: Side) -> [CommandSpec.Entry] {
        side.events.map { event in
            let fields = event.fields(side)
            let always = list(fields.always)
            let perhaps = fields.perhaps.isEmpty ? "" : "; may have \(list(fields.perhaps))"
            return .init(name: event.rawValue, text: "\(event.meaning(side)) Has \(always)\(perhaps).")
        }
    }

    static func fieldEntries(_ side: Side) -> [CommandSpec.Entry] {
        let used = Set(side.events.flatMap { $0.fields(side).always + $0.fields(side).perhaps })
        return Field.allCases.filter(used.contains).map { .init(name: $0.rawValue, text: $0.meaning(side)) }
    }

    private static func list(_ fields: [Field]) -> String { fields.map { "`\($0.rawValue)`" }.joined(separator: ", ") }
}

extension TransferNotice.Event {
    func meaning(_ side: TransferNotice.Side) -> String {
        switch self {
        case .listening: "It waits for senders."
        case .connected: "The other side has been reached, and its key is the right one."
        case .offered:
            """
            A sender offers a file or folder. With `--accept ask` a line of standard input answers: `y`, `n`, or `a` for all of this transfer. \
            The answer about a folder is one for all that is in it, of which no offer is shown then.
            """
        case .resumed: "A part of the file is there from an earlier transfer."
        case .progress: "How far it is, four times a second. The figures are those of all files of the transfer."
        case .paused: "The receiver's disk is full, or has room again."
        case .done: "The file has every byte on the receiver's disk and is in its final place."
        case .declined: "The receiver does not take the file."
        case .failed: "The file will not arrive."
        case .note: "Something that a person would be told."
        case .end: "The command ends. The last line."
        }
    }

    /// What is in every line of the event, and what only where it is known or belongs there.
    func fields(_ side: TransferNotice.Side) -> (always: [TransferNotice.Field], perhaps: [TransferNotice.Field]) {
        let peer: [TransferNotice.Field] = side == .receiver ? [.peer] : []
        return switch self {
        case .listening: ([.port, .addresses], [.ticket, .key])
        case .connected: ([.peer, .key], [])
        case .offered: ([.name] + peer, [.size, .files])
        case .resumed: ([.name, .bytes] + peer, [.size])
        case .progress: ([.name, .bytes, .rate, .rtt, .loss, .limit, .paused] + peer, [.total, .eta])
        case .paused: ([.paused] + peer, [])
        case .done: ([.name] + peer, side == .receiver ? [.size, .files, .path] : [.size, .path])
        case .declined: ([.name] + peer, side == .receiver ? [.size, .files, .reason] : [.size, .reason])
        case .failed: ([.name, .reason] + peer, side == .receiver ? [.size, .files] : [.size])
        case .note: ([.reason], [])
        case .end: ([.status, .bytes, .seconds], [.reason])
        }
    }
}

extension TransferNotice.Field {
    func meaning(_ side: TransferNotice.Side) -> String {
        switch self {
        case .name: "The name as it was offered; of `progress` that of the file, or how many there are."
        case .path: "Where the file is, below the receiver's folder; a sender is told where that is not as it was offered."
        case .port: "The UDP port."
        case .ticket: "The ticket; there is none with `--legacy`."
        case .addresses: "A list of HOST:PORT, the best first."
        case .peer: "The HOST:PORT of the other side."
        case .key:
            side == .receiver
                ? "The fingerprint of the other side's key; of `listening`, of this side's own."
                : "The fingerprint of the other side's key."
        case .size: "Bytes of the file, or of all files in the folder; a stream has none."
        case .files: "How many files there are in a folder, without folders."
        case .bytes:
            """
            Bytes that the receiver has: of the part, of the transfer, or at the end of all there was. Those of a part that was resumed count.
            """
        case .total: "Bytes of all files accepted, where that is known."
        case .rate: "Bytes a second, over the last three seconds."
        case .eta: "Seconds that are left at that rate."
        case .rtt: "The round-trip time in seconds."
        case .seconds: "Since the command began."
        case .loss: "The share of the packets sent that were lost, 0 to 1."
        case .limit:
            """
            What keeps it from being faster: `path`, `receiver`, `source`, `limit` (that of `--limit`), `cpu`, `disk`, `disk full`, `reader`, \
            `sender or path`; `idle` where there is nothing to send.
            """
        case .paused: "Whether the receiver waits for room on its disk."
        case .reason: "A sentence for people."
        case .status: "The exit status."
        }
    }
}
