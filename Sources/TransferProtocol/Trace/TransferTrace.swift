import Connectivity

/// A record of what the transfers of an endpoint do, packet by packet: a JSON text sequence (RFC 7464) of qlog events
/// (draft-ietf-quic-qlog-main-schema, draft-ietf-quic-qlog-quic-events) of version 0.3, which viewers such as qvis show.
///
/// QUIC's names are used where this protocol has the same thing: a record's piece is a STREAM frame of stream 0, whose offset counts sealed
/// bytes, and the control stream is stream 1. What QUIC does not have is in the namespace `chatty`. Each connection is a group.
///
/// It belongs to the endpoint's thread. The driver takes the text with ``take()``; as long as it does not, more than ``limit`` bytes are
/// not kept, but counted as dropped events.
public final class TransferTrace {
    /// The way to a file is as slow as this many bytes: then events are dropped.
    public static let limit = 4 << 20

    private var json = JSONBytes()
    private let start: TransferInstant
    private var latest: TransferInstant
    /// Events without room since the latest that had some.
    private var dropped: UInt64 = 0
    /// Whether events are counted instead of recorded: the driver sets it while it cannot take more.
    public var isPaused = false

    /// - Parameters:
    ///   - title: for people, the command say.
    ///   - isSender: whether this side connects, as a client does.
    ///   - wallClock: the time of `now` in milliseconds since 1970.
    public init(title: String, isSender: Bool, wallClock: UInt64, at now: TransferInstant) {
        start = now
        latest = now
        record { json in
            json.literal("qlog_version", string: "0.3")
            json.literal("qlog_format", string: "JSON-SEQ")
            json.string("title", title)
            json.object("trace") { json in
                json.object("vantage_point") { json in
                    json.literal("name", string: "chatty")
                    json.literal("type", string: isSender ? "client" : "server")
                }
                json.object("common_fields") { json in
                    json.literal("time_format", string: "relative")
                    json.number("reference_time", wallClock)
                }
            }
        }
    }

    /// How many bytes wait for ``take()``.
    public var count: Int { json.bytes.count }

    /// The text since the last call.
    public func take() -> [UInt8] {
        defer { json = JSONBytes() }
        return json.bytes
    }

    /// Records an event, unless there is no room.
    func event(_ name: StaticString, group: UInt64, at now: TransferInstant, _ data: (inout JSONBytes) -> Void) {
        guard !isPaused, count < Self.limit else {
            dropped += 1
            return
        }
        if dropped > 0 {
            let count = dropped
            dropped = 0
            event("chatty:events_dropped", group: group, at: now) { $0.number("count", count) }
        }
        // Events of one turn of the driver's loop may have times of before.
        latest = max(latest, now)
        let time = latest - start
        record { json in
            json.milliseconds("time", time)
            json.literal("name", string: name)
            json.number("group_id", group)
            json.object("data", data)
        }
    }

    private func record(_ body: (inout JSONBytes) -> Void) {
        json.append(raw: 0x1E)
        json.document(body)
        json.append(raw: 0x0A)
    }
}
