/// The frames of sealed packets. They carry the state of the connection; what must arrive in order and exactly once is sent as messages in
/// the control stream (see ``Message``).
enum Frame {
    enum Kind: UInt8 {
        case padding = 0
        case ping = 1
        /// Ranges of packet numbers received: the body of ``AckRanges``.
        case ack = 2
        /// Records below the first number are opened; records below the second may be sent.
        case window = 3
        /// Records that failed to open: retransmit them, in sealed packets.
        case failedRecords = 4
        /// A piece of the control stream.
        case stream = 5
        /// The ack frequency that the sender of this frame requests, and the packet number below which it needs no acks.
        case ackRate = 6
        case pathChallenge = 7
        case pathResponse = 8
        case close = 9
        /// A piece of a sealed record, up to the end of the packet.
        case recordPart = 10
        /// The ECN counts of the packets received so far; accompanies every ack.
        case ecnCounts = 11
    }

    case padding
    case ping
    /// The ranges are in the first scratch array of `read`. The delay is in microseconds.
    case ack(delay: UInt64)
    case window(opened: UInt64, limit: UInt64)
    /// The records are in the second scratch array of `read`.
    case failedRecords
    case stream(offset: UInt64, bytes: UnsafeRawBufferPointer)
    /// An ack is due after at most this many packets, and after at most this many microseconds.
    case ackRate(packets: UInt64, delay: UInt64, lowest: UInt64)
    case pathChallenge(UInt64)
    case pathResponse(UInt64)
    case close(reason: UInt8, text: String)
    case recordPart(record: UInt32, offset: Int, endsRecord: Bool, bytes: UnsafeRawBufferPointer)
    case ecnCounts(ECNCounts)

    static let maximumFailedRecords = 32

    /// Decodes the next frame. An unknown kind is an error: new kinds come with a new version.
    static func read(
        from reader: inout WireReader, ranges: inout [ClosedRange<UInt64>], failed: inout [UInt64]
    ) throws(WireError) -> Frame {
        guard let kind = Kind(rawValue: try reader.byte()) else { throw WireError() }
        switch kind {
        case .padding: return .padding
        case .ping: return .ping
        case .ack: return .ack(delay: try AckRanges.read(from: &reader, into: &ranges).delay)
        case .window:
            let opened = try reader.varint()
            let more = try reader.varint()
            guard more <= Varint.max - opened else { throw WireError() }
            return .window(opened: opened, limit: opened + more)
        case .failedRecords:
            failed.removeAll(keepingCapacity: true)
            for _ in 0..<(try reader.count(upTo: maximumFailedRecords)) { failed.append(try reader.varint()) }
            return .failedRecords
        case .stream:
            let offset = try reader.varint()
            let count = try reader.count(upTo: reader.remaining)
            return .stream(offset: offset, bytes: try reader.slice(count))
        case .ackRate: return .ackRate(packets: try reader.varint(), delay: try reader.varint(), lowest: try reader.varint())
        case .pathChallenge: return .pathChallenge(try reader.integer(UInt64.self))
        case .pathResponse: return .pathResponse(try reader.integer(UInt64.self))
        case .close: return .close(reason: try reader.byte(), text: try reader.text(upTo: TransferLimits.reasonBytes))
        case .ecnCounts:
            return .ecnCounts(ECNCounts(capable0: try reader.varint(), capable1: try reader.varint(), congested: try reader.varint()))
        case .recordPart:
            let record = try reader.integer(UInt32.self)
            let high = UInt32(try reader.byte())
            let place = high << 16 | UInt32(try reader.integer(UInt16.self))
            return .recordPart(record: record, offset: Int(place & 0x7F_FFFF), endsRecord: place & 0x80_0000 != 0, bytes: reader.rest())
        }
    }
}

extension WireWriter {
    /// Bytes of a `recordPart` frame before its payload.
    static let recordPartOverhead = 8

    /// The greatest lengths of these frames, bytes.
    static let windowSize = 1 + 2 * 8
    static let ackRateSize = 1 + 3 * 8
    static func failedSize(_ records: [UInt64]) -> Int { records.isEmpty ? 0 : 2 + 8 * min(records.count, Frame.maximumFailedRecords) }

    mutating func frame(_ kind: Frame.Kind) { byte(kind.rawValue) }

    mutating func windowFrame(opened: UInt64, limit: UInt64) {
        frame(.window)
        varint(opened)
        varint(limit - opened)
    }

    mutating func ackRateFrame(packets: UInt64, delay: UInt64, lowest: UInt64) {
        frame(.ackRate)
        varint(packets)
        varint(delay)
        varint(lowest)
    }

    mutating func ecnFrame(_ counts: ECNCounts) {
        frame(.ecnCounts)
        varint(counts.capable0)
        varint(counts.capable1)
        varint(counts.congested)
    }

    mutating func failedFrame(_ records: [UInt64]) {
        frame(.failedRecords)
        let count = min(records.count, Frame.maximumFailedRecords)
        varint(UInt64(count))
        for record in records.prefix(count) { varint(record) }
    }

    mutating func closeFrame(_ reason: CloseReason, _ text: String) {
        frame(.close)
        byte(reason.rawValue)
        let bytes = PeerText.clipped(text, to: min(TransferLimits.reasonBytes, max(room - 8, 0)))
        varint(UInt64(bytes.count))
        append(bytes)
    }

    mutating func recordPartFrame(record: UInt64, offset: Int, endsRecord: Bool, bytes: UnsafeRawBufferPointer) {
        frame(.recordPart)
        integer(UInt32(truncatingIfNeeded: record))
        let place = UInt32(truncatingIfNeeded: offset) | (endsRecord ? 0x80_0000 : 0)
        byte(UInt8(truncatingIfNeeded: place >> 16))
        integer(UInt16(truncatingIfNeeded: place))
        append(bytes)
    }
}

/// Conversion of text for the wire and from it.
enum PeerText {
    /// The longest prefix of `text` of at most `limit` bytes of UTF-8 that cuts no scalar.
    static func clipped(_ text: String, to limit: Int) -> [UInt8] {
        guard text.utf8.count > limit else { return Array(text.utf8) }
        var bytes = Array(text.utf8.prefix(limit))
        while let last = bytes.last, last & 0xC0 == 0x80 { bytes.removeLast() }
        if let last = bytes.last, last >= 0xC0 { bytes.removeLast() }
        return bytes
    }

    /// `text` without control characters, so that a peer cannot write to our terminal.
    static func harmless(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    /// C0, C1, DEL, and the marks that reorder or break lines.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
