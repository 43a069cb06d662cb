/// The description of `--progress json` in the manual pages.
extension TransferNotice {
    enum Side {
        case sender
        case receiver

        var events: [Event] { Event.allCases.filter { self == .receiver || ![.listening, .mapped, .offered].contains($0) } }
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
        case .listening: "The program waits for senders."
        case .mapped: "The router passes on what comes to these addresses. Senders outside of the network need this ticket."
        case .code: "A code to type on the other machine, in place of one before it."
        case .connected: "The other side has answered, and its key is the expected one."
        case .offered:
            """
            A sender offers a file or folder. With `--accept ask` a line of standard input answers: `y`, `n`, or `a` for all of this transfer. \
            The answer for a folder applies to everything in it, for which no `offered` is printed.
            """
        case .resumed: "The receiver has a part of the file from an earlier transfer."
        case .progress: "The progress, four times a second. The figures are for all files of the transfer together."
        case .paused: "The receiver's disk is full, or has free space again."
        case .done: "Every byte of the file is on the receiver's disk, and the file is in its final place."
        case .declined: "The receiver does not accept the file."
        case .failed: "The file will not arrive."
        case .note: "Information for people."
        case .end: "The command ends. This is the last line."
        }
    }

    /// The fields of every line of the event, and those that are there only if they are known or apply.
    func fields(_ side: TransferNotice.Side) -> (always: [TransferNotice.Field], perhaps: [TransferNotice.Field]) {
        let peer: [TransferNotice.Field] = side == .receiver ? [.peer] : []
        return switch self {
        case .listening: ([.port, .addresses], [.ticket, .code, .key])
        case .mapped: ([.addresses, .ticket], [])
        case .code: ([.code], [])
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
        case .name: "The offered name. For `progress`, the name of the file, or how many files there are."
        case .path: "The path of the file below the receiver's folder. A sender gets it only if it differs from the offered name."
        case .port: "The UDP port."
        case .ticket: "The ticket; not with `--legacy`, and not with a CODE."
        case .code: "The code to type on the other machine."
        case .addresses: "A list of HOST:PORT, the best first."
        case .peer: "The HOST:PORT of the other side."
        case .key:
            side == .receiver
                ? "The fingerprint of the other side's key; for `listening`, of this side's own key."
                : "The fingerprint of the other side's key."
        case .size: "Bytes of the file, or of all files in the folder; absent for a stream."
        case .files: "The number of files in a folder, not counting folders."
        case .bytes:
            """
            Bytes that the receiver has: for `resumed` of this file, for `progress` of the transfer, for `end` of all transfers. They include bytes received before.
            """
        case .total: "Bytes of all accepted files, if known."
        case .rate: "Bytes a second, over the last three seconds."
        case .eta: "Seconds left at that rate."
        case .rtt: "The round-trip time in seconds."
        case .seconds: "Seconds since the command began."
        case .loss: "The share of the packets sent that were lost, 0 to 1."
        case .limit:
            """
            What limits the transfer: `path`, `receiver`, `source`, `limit` (the option `--limit`), `relay`, `cpu`, `disk`, `disk full`, `reader`, \
            `sender or path`; `idle` if there is nothing to send.
            """
        case .paused: "Whether the receiver waits for room on its disk."
        case .reason: "A sentence for people."
        case .status: "The exit status."
        }
    }
}
