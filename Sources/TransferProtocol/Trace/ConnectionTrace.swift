import Connectivity

/// What one connection records in a ``TransferTrace``.
final class ConnectionTrace {
    private let trace: TransferTrace
    private let group: UInt64
    /// What was recorded last, so that only what has changed is recorded.
    private var metrics = Metrics()
    private var phase: String?
    private var limit: TransferStatistics.Limit?
    private var datagramSize = 0

    private struct Metrics: Equatable {
        var smoothed: Int64 = -1
        var minimum: Int64 = -1
        var latest: Int64 = -1
        var window = -1
        var inFlight = -1
        var pacing = -1
        var delivery = -1
    }

    init(_ trace: TransferTrace, group: UInt64) {
        self.trace = trace
        self.group = group
    }

    private func event(_ name: StaticString, at now: TransferInstant, _ data: (inout JSONBytes) -> Void) {
        trace.event(name, group: group, at: now, data)
    }

    // Packets

    enum PacketType { case initial, retry, oneRTT }
    enum Direction { case sent, received }

    /// A datagram of the handshake, which has no number.
    func handshake(_ direction: Direction, _ type: PacketType, bytes: Int, peer: NetworkAddress, at now: TransferInstant) {
        event(direction == .sent ? "transport:packet_sent" : "transport:packet_received", at: now) { json in
            json.object("header") { json in Self.type(type, &json) }
            json.object("raw") { $0.number("length", bytes) }
            json.string("remote", peer.text)
        }
    }

    /// A piece of a record behind a header in the clear.
    func segment(
        _ direction: Direction, number: UInt64, bytes: Int, record: UInt64, offset: Int, length: Int, path: UInt32?, at now: TransferInstant
    ) {
        packet(direction, number: number, bytes: bytes, path: path, at: now) { json in
            Self.piece(record: record, offset: offset, length: length, &json)
        }
    }

    /// A sealed packet.
    /// - Parameter frames: its content in the clear.
    func sealed(
        _ direction: Direction, number: UInt64, bytes: Int, frames: UnsafeRawBufferPointer, path: UInt32?, at now: TransferInstant
    ) {
        packet(direction, number: number, bytes: bytes, path: path, at: now) { json in Self.frames(frames, &json) }
    }

    private func packet(
        _ direction: Direction, number: UInt64, bytes: Int, path: UInt32?, at now: TransferInstant,
        _ frames: (inout JSONBytes) -> Void
    ) {
        event(direction == .sent ? "transport:packet_sent" : "transport:packet_received", at: now) { json in
            json.object("header") { json in
                Self.type(.oneRTT, &json)
                json.number("packet_number", number)
            }
            json.object("raw") { $0.number("length", bytes) }
            if let path { json.number("path_id", UInt64(path)) }
            json.array("frames", frames)
        }
    }

    func lost(_ number: UInt64, bytes: Int, isOvertaken: Bool, path: UInt32, at now: TransferInstant) {
        event("recovery:packet_lost", at: now) { json in
            json.object("header") { json in
                Self.type(.oneRTT, &json)
                json.number("packet_number", number)
            }
            json.object("raw") { $0.number("length", bytes) }
            json.number("path_id", UInt64(path))
            json.literal("trigger", string: isOvertaken ? "reordering_threshold" : "time_threshold")
        }
    }

    private static func type(_ type: PacketType, _ json: inout JSONBytes) {
        switch type {
        case .initial: json.literal("packet_type", string: "initial")
        case .retry: json.literal("packet_type", string: "retry")
        case .oneRTT: json.literal("packet_type", string: "1RTT")
        }
    }

    // Frames

    private static func piece(record: UInt64, offset: Int, length: Int, _ json: inout JSONBytes) {
        json.object { json in
            json.literal("frame_type", string: "stream")
            json.number("stream_id", UInt64(0))
            json.number("offset", record &* UInt64(RecordFormat.sealedSize) &+ UInt64(offset))
            json.number("length", length)
        }
    }

    private static func frames(_ bytes: UnsafeRawBufferPointer, _ json: inout JSONBytes) {
        var reader = WireReader(bytes)
        var ranges: [ClosedRange<UInt64>] = []
        var failed: [UInt64] = []
        while !reader.isAtEnd, let frame = try? Frame.read(from: &reader, ranges: &ranges, failed: &failed) {
            // Each byte of padding is a frame.
            if case .padding = frame { continue }
            if case .recordPart(let record, let offset, _, let piece) = frame {
                Self.piece(record: UInt64(record), offset: offset, length: piece.count, &json)
                continue
            }
            json.object { json in Self.frame(frame, ranges, failed, &json) }
        }
    }

    private static func frame(_ frame: Frame, _ ranges: [ClosedRange<UInt64>], _ failed: [UInt64], _ json: inout JSONBytes) {
        switch frame {
        case .padding, .recordPart: break
        case .ping: json.literal("frame_type", string: "ping")
        case .ack(let delay):
            json.literal("frame_type", string: "ack")
            json.milliseconds("ack_delay", .microseconds(Int64(clamping: min(delay, 1 << 40))))
            json.array("acked_ranges") { json in
                for range in ranges.reversed() {
                    json.array { json in
                        json.number(nil, range.lowerBound)
                        json.number(nil, range.upperBound)
                    }
                }
            }
        case .window(let opened, let limit):
            json.literal("frame_type", string: "max_data")
            json.number("maximum", limit &* UInt64(RecordFormat.sealedSize))
            json.number("records_opened", opened)
            json.number("records_limit", limit)
        case .failedRecords:
            json.literal("frame_type", string: "chatty:failed_records")
            json.array("records") { json in for record in failed { json.number(nil, record) } }
        case .stream(let offset, let bytes):
            json.literal("frame_type", string: "stream")
            json.number("stream_id", UInt64(1))
            json.number("offset", offset)
            json.number("length", bytes.count)
        case .ackRate(let packets, let delay, let lowest):
            json.literal("frame_type", string: "chatty:ack_rate")
            json.number("packets", packets)
            json.milliseconds("delay", .microseconds(Int64(clamping: min(delay, 1 << 40))))
            json.number("lowest", lowest)
        case .pathChallenge: json.literal("frame_type", string: "path_challenge")
        case .pathResponse: json.literal("frame_type", string: "path_response")
        case .close(let reason, let text):
            json.literal("frame_type", string: "connection_close")
            json.literal("error_space", string: "application")
            json.number("error_code", UInt64(reason))
            json.string("reason", PeerText.harmless(text))
        case .ecnCounts(let counts):
            json.literal("frame_type", string: "chatty:ecn_counts")
            json.number("ect0", counts.capable0)
            json.number("ect1", counts.capable1)
            json.number("ce", counts.congested)
        }
    }

    // The connection

    func started(_ candidates: [NetworkAddress], at now: TransferInstant) {
        event("chatty:candidates", at: now) { json in
            json.array("remote") { json in for address in candidates { json.string(nil, address.text) } }
        }
    }

    func parameters(
        isLocal: Bool, _ configuration: TransferConfiguration?, idleTimeout: TransferDuration, datagram: Int, at now: TransferInstant
    ) {
        event("transport:parameters_set", at: now) { json in
            json.literal("owner", string: isLocal ? "local" : "remote")
            json.milliseconds("max_idle_timeout", idleTimeout)
            json.number("max_udp_payload_size", datagram)
            guard let configuration else { return }
            json.string("congestion_control", configuration.congestionControl.rawValue)
            json.number("window_records", configuration.windowRecords)
            if let limit = configuration.rateLimit { json.number("rate_limit", Int(limit)) }
        }
    }

    func assigned(_ path: Path, at now: TransferInstant) {
        event("connectivity:path_assigned", at: now) { json in
            json.number("path_id", UInt64(path.generation))
            json.string("path_remote", path.addresses.remote.text)
            let local = path.addresses.local
            if local != .any { json.string("path_local", NetworkAddress(high: local.high, low: local.low, port: 0).hostText) }
        }
        self.datagramSize = path.datagramSize
    }

    func closed(isLocal: Bool, reason: CloseReason?, _ text: String) {
        // The latest time of the trace: a driver's command comes without one.
        event("connectivity:connection_closed", at: .zero) { json in
            json.literal("owner", string: isLocal ? "local" : "remote")
            if let reason { json.number("application_code", UInt64(reason.rawValue)) }
            json.string("reason", PeerText.harmless(text))
        }
    }

    // What is measured and decided

    /// Records what has changed of the path in use and of what limits the transfer.
    func update(_ path: Path, limit: TransferStatistics.Limit?, at now: TransferInstant) {
        let new = Metrics(
            smoothed: path.rtt.hasSample ? path.rtt.smoothed.nanoseconds : -1,
            minimum: path.rtt.hasSample ? path.rtt.minimum.nanoseconds : -1,
            latest: path.rtt.hasSample ? path.rtt.latest.nanoseconds : -1, window: path.controller.window, inFlight: path.bytesInFlight,
            pacing: path.pacer.rate > 0 ? Int(min(path.pacer.rate * 8, 1e15)) : -1,
            delivery: path.deliveryRate > 0 ? Int(min(path.deliveryRate * 8, 1e15)) : -1)
        if new != metrics {
            event("recovery:metrics_updated", at: now) { json in
                if new.smoothed != metrics.smoothed { json.milliseconds("smoothed_rtt", TransferDuration(nanoseconds: new.smoothed)) }
                if new.minimum != metrics.minimum { json.milliseconds("min_rtt", TransferDuration(nanoseconds: new.minimum)) }
                if new.latest != metrics.latest { json.milliseconds("latest_rtt", TransferDuration(nanoseconds: new.latest)) }
                if new.window != metrics.window { json.number("congestion_window", new.window) }
                if new.inFlight != metrics.inFlight { json.number("bytes_in_flight", new.inFlight) }
                if new.pacing != metrics.pacing { json.number("pacing_rate", new.pacing) }
                if new.delivery != metrics.delivery { json.number("delivery_rate", new.delivery) }
            }
            metrics = new
        }
        let phase = path.controller.phase
        if phase != self.phase {
            event("recovery:congestion_state_updated", at: now) { json in
                if let old = self.phase { json.string("old", old) }
                json.string("new", phase)
            }
            self.phase = phase
        }
        if path.datagramSize != datagramSize {
            let old = datagramSize
            datagramSize = path.datagramSize
            event("connectivity:mtu_updated", at: now) { json in
                json.number("old", old)
                json.number("new", datagramSize)
            }
        }
        if let limit, limit != self.limit {
            event("chatty:limit_updated", at: now) { json in
                if let old = self.limit { json.string("old", old.rawValue) }
                json.string("new", limit.rawValue)
            }
            self.limit = limit
        }
    }
}

extension NetworkAddress {
    /// The host as people write it; IPv6 with all its groups (RFC 4291 §2.2, form 1).
    var hostText: String {
        if let ip = ipv4 { return (0..<4).map { String(ip >> (24 - 8 * $0) & 0xFF) }.joined(separator: ".") }
        return (0..<8).map { group in
            String((group < 4 ? high : low) >> UInt64(48 - 16 * (group % 4)) & 0xFFFF, radix: 16)
        }.joined(separator: ":")
    }

    var text: String { ipv4 != nil ? "\(hostText):\(port)" : "[\(hostText)]:\(port)" }
}
