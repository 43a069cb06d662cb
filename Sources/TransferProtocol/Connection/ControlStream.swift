/// The sending half of the control stream, which delivers bytes in order and exactly once, whatever packets are lost.
struct ControlStreamSender {
    /// Bytes sent and not acknowledged, at most.
    static let window: UInt64 = 256 * 1024

    private var buffer: [UInt8] = []
    /// The stream offset of `buffer[0]`: everything below is acknowledged.
    private var base: UInt64 = 0
    /// The first byte never sent.
    private var next: UInt64 = 0
    private var acknowledgedAbove: [Range<UInt64>] = []
    private var resend: [Range<UInt64>] = []

    mutating func append(_ bytes: [UInt8]) { buffer.append(contentsOf: bytes) }

    private var end: UInt64 { base + UInt64(buffer.count) }
    var isAcknowledged: Bool { buffer.isEmpty }
    var hasBytesToSend: Bool { !resend.isEmpty || next < min(end, base + Self.window) }
    /// Bytes not sent yet.
    var backlog: Int { Int(end - next) }

    /// The next piece to send, at most `limit` bytes; lost ranges come first.
    mutating func nextPiece(limit: Int) -> (offset: UInt64, bytes: ArraySlice<UInt8>)? {
        guard limit > 0 else { return nil }
        while let first = resend.first {
            let range = max(first.lowerBound, base)..<max(first.upperBound, base)
            guard !range.isEmpty else {
                resend.removeFirst()
                continue
            }
            let piece = range.lowerBound..<min(range.upperBound, range.lowerBound + UInt64(limit))
            if piece.upperBound == range.upperBound { resend.removeFirst() } else { resend[0] = piece.upperBound..<range.upperBound }
            return (piece.lowerBound, slice(piece))
        }
        let stop = min(end, base + Self.window, next + UInt64(limit))
        guard next < stop else { return nil }
        defer { next = stop }
        return (next, slice(next..<stop))
    }

    private func slice(_ range: Range<UInt64>) -> ArraySlice<UInt8> {
        buffer[Int(range.lowerBound - base)..<Int(range.upperBound - base)]
    }

    mutating func acknowledged(_ range: Range<UInt64>) {
        acknowledgedAbove.append(max(range.lowerBound, base)..<max(range.upperBound, base))
        acknowledgedAbove.sort { $0.lowerBound < $1.lowerBound }
        var edge = base
        while let first = acknowledgedAbove.first, first.lowerBound <= edge {
            edge = max(edge, first.upperBound)
            acknowledgedAbove.removeFirst()
        }
        guard edge > base else { return }
        buffer.removeFirst(Int(edge - base))
        base = edge
        next = max(next, base)
    }

    mutating func lost(_ range: Range<UInt64>) {
        guard range.upperBound > base,
            !acknowledgedAbove.contains(where: { $0.lowerBound <= range.lowerBound && range.upperBound <= $0.upperBound }),
            !resend.contains(range)
        else { return }
        resend.append(range)
    }
}

/// The receiving half of the control stream: reassembles the pieces and decodes the messages at the front.
struct ControlStreamReceiver {
    /// Bytes that may arrive ahead of the next one in order; an honest sender's window is half of it.
    static let maximumAhead: UInt64 = 2 * ControlStreamSender.window
    /// Pieces with gaps between them; those of an honest sender are lost packets.
    private static let maximumPieces = 4096

    private var ready: [UInt8] = []
    private var next: UInt64 = 0
    private var ahead: [(offset: UInt64, bytes: [UInt8])] = []
    private var aheadBytes = 0

    mutating func receive(offset: UInt64, bytes: UnsafeRawBufferPointer) throws(WireError) {
        guard offset <= Varint.max - UInt64(bytes.count) else { throw WireError() }
        let end = offset + UInt64(bytes.count)
        guard end > next else { return }
        guard end <= next + Self.maximumAhead else { throw WireError() }
        if offset > next {
            guard !ahead.contains(where: { $0.offset <= offset && $0.offset + UInt64($0.bytes.count) >= end }) else { return }
            // A piece that continues another joins it, so that there are never more pieces than gaps.
            if let index = ahead.firstIndex(where: { $0.offset + UInt64($0.bytes.count) == offset }) {
                aheadBytes += bytes.count
                guard aheadBytes <= 2 * Int(Self.maximumAhead) else { throw WireError() }
                ahead[index].bytes.append(contentsOf: bytes)
                return
            }
            guard ahead.count < Self.maximumPieces else { throw WireError() }
            // Overlapping pieces use memory twice: a sender that repeats them without end is cut off.
            aheadBytes += bytes.count
            guard aheadBytes <= 2 * Int(Self.maximumAhead) else { throw WireError() }
            let place = ahead.firstIndex { $0.offset > offset } ?? ahead.count
            ahead.insert((offset, Array(bytes)), at: place)
            return
        }
        ready.append(contentsOf: bytes[Int(next - offset)...])
        next = end
        while let first = ahead.first, first.offset <= next {
            aheadBytes -= first.bytes.count
            ahead.removeFirst()
            let firstEnd = first.offset + UInt64(first.bytes.count)
            guard firstEnd > next else { continue }
            ready.append(contentsOf: first.bytes[Int(next - first.offset)...])
            next = firstEnd
        }
    }

    /// Removes and decodes the complete messages at the front.
    mutating func messages() throws(WireError) -> [Message] {
        var found: [Message] = []
        var position = 0
        let result: Result<Void, WireError> = ready.withUnsafeBytes { memory in
            do throws(WireError) {
                while let message = try Message.next(in: memory, at: &position) { found.append(message) }
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
        ready.removeFirst(position)
        return found
    }
}
