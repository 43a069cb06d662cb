/// A message of the control stream, which delivers messages in order and exactly once: a kind, a length, a body.
enum Message: Equatable {
    // From the sender of files
    case offer(FileID, FileOffer)
    case endOfOffers
    /// Follows an answer with held ranges: these stay, the rest is sent.
    case keep(FileID, [Range<UInt64>])
    /// Every byte of the file has been read and the file did not change meanwhile; `size` is its size.
    case end(FileID, size: UInt64)

    // From the receiver
    case answer(FileID, FileAnswer)
    /// The file is synced and in its place.
    case done(FileID)
    /// Precedes `done`: the name that the receiver gave the file, if not the one offered. Only sent to a peer that announces `acceptsNames`.
    case named(FileID, String)
    case paused(Bool)

    // From both
    case failed(FileID, FileFailure, String)

    private enum Kind: UInt8 {
        case offer = 0
        case endOfOffers
        case keep
        case end
        case answer
        case done
        case paused
        case failed
        case named
    }

    /// The largest body, bytes: an answer that names the most held ranges.
    static let maximumBody = 256 * 1024

    /// The encoded message: kind, length, body.
    var encoded: [UInt8] {
        var body: [UInt8] = []
        let kind: Kind
        switch self {
        case .offer(let file, let offer):
            kind = .offer
            body.appendVarint(UInt64(file))
            body.append(offer.kind.rawValue)
            body.append(offer.size == nil ? 0 : 1)
            if let size = offer.size { body.appendVarint(min(size, Varint.max)) }
            body.appendInteger(offer.mode)
            body.appendInteger(offer.modified)
            body.appendText(offer.name)
        case .endOfOffers: kind = .endOfOffers
        case .keep(let file, let ranges):
            kind = .keep
            body.appendVarint(UInt64(file))
            body.appendVarint(UInt64(ranges.count))
            for range in ranges { body.appendRange(range) }
        case .end(let file, let size):
            kind = .end
            body.appendVarint(UInt64(file))
            body.appendVarint(size)
        case .answer(let file, .decline(let reason)):
            kind = .answer
            body.appendVarint(UInt64(file))
            body.append(1)
            body.append(reason.rawValue)
        case .answer(let file, .accept(let held)):
            kind = .answer
            body.appendVarint(UInt64(file))
            body.append(0)
            body.appendVarint(UInt64(held.count))
            for part in held {
                body.appendRange(part.range)
                body.append(contentsOf: part.digest)
            }
        case .done(let file):
            kind = .done
            body.appendVarint(UInt64(file))
        case .named(let file, let name):
            kind = .named
            body.appendVarint(UInt64(file))
            body.appendText(name)
        case .paused(let paused):
            kind = .paused
            body.append(paused ? 1 : 0)
        case .failed(let file, let failure, let text):
            kind = .failed
            body.appendVarint(UInt64(file))
            body.append(failure.rawValue)
            let text = PeerText.clipped(text, to: TransferLimits.reasonBytes)
            body.appendVarint(UInt64(text.count))
            body.append(contentsOf: text)
        }
        var message: [UInt8] = [kind.rawValue]
        message.appendVarint(UInt64(body.count))
        return message + body
    }

    /// Decodes the first complete message in `buffer` from `position` on, and moves `position` past it; nil if there is none yet. Throws
    /// for anything that a sender of this version cannot have meant.
    static func next(in buffer: UnsafeRawBufferPointer, at position: inout Int) throws(WireError) -> Message? {
        var reader = WireReader(UnsafeRawBufferPointer(rebasing: buffer[position...]))
        guard reader.remaining >= 2 else { return nil }
        guard let kind = Kind(rawValue: try reader.byte()) else { throw WireError() }
        let lengthBytes = 1 << Int(buffer[position + 1] >> 6)
        guard reader.remaining >= lengthBytes else { return nil }
        let length = try reader.count(upTo: maximumBody)
        guard reader.remaining >= length else { return nil }
        var body = WireReader(try reader.slice(length))
        let message = try decode(kind, &body)
        guard body.isAtEnd else { throw WireError() }
        position += 1 + lengthBytes + length
        return message
    }

    private static func decode(_ kind: Kind, _ body: inout WireReader) throws(WireError) -> Message {
        switch kind {
        case .offer:
            let file = try body.file()
            guard let offerKind = FileOffer.Kind(rawValue: try body.byte()) else { throw WireError() }
            var size: UInt64?
            switch try body.byte() {
            case 0: size = nil
            case 1: size = try body.varint()
            default: throw WireError()
            }
            let mode = try body.integer(UInt32.self)
            let modified = try body.integer(Int64.self)
            let name = try body.text(upTo: TransferLimits.nameBytes)
            return .offer(file, FileOffer(name: name, kind: offerKind, size: size, mode: mode, modified: modified))
        case .endOfOffers: return .endOfOffers
        case .keep:
            let file = try body.file()
            var ranges: [Range<UInt64>] = []
            var end: UInt64 = 0
            for _ in 0..<(try body.count(upTo: TransferLimits.heldRanges)) {
                ranges.append(try body.range(from: end))
                end = ranges[ranges.count - 1].upperBound
            }
            return .keep(file, ranges)
        case .end: return .end(try body.file(), size: try body.varint())
        case .answer:
            let file = try body.file()
            switch try body.byte() {
            case 0:
                var held: [HeldRange] = []
                var end: UInt64 = 0
                for _ in 0..<(try body.count(upTo: TransferLimits.heldRanges)) {
                    let range = try body.range(from: end)
                    end = range.upperBound
                    held.append(HeldRange(range: range, digest: try body.array(32)))
                }
                return .answer(file, .accept(held: held))
            case 1:
                guard let reason = DeclineReason(rawValue: try body.byte()) else { throw WireError() }
                return .answer(file, .decline(reason))
            default: throw WireError()
            }
        case .done: return .done(try body.file())
        case .named: return .named(try body.file(), try body.text(upTo: TransferLimits.nameBytes))
        case .paused:
            let paused = try body.byte()
            guard paused <= 1 else { throw WireError() }
            return .paused(paused == 1)
        case .failed:
            let file = try body.file()
            guard let failure = FileFailure(rawValue: try body.byte()) else { throw WireError() }
            return .failed(file, failure, PeerText.harmless(try body.text(upTo: TransferLimits.reasonBytes)))
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendRange(_ range: Range<UInt64>) {
        appendVarint(range.lowerBound)
        appendVarint(range.upperBound - range.lowerBound)
    }
}

extension WireReader {
    fileprivate mutating func file() throws(WireError) -> FileID {
        let value = try varint()
        guard let file = FileID(exactly: value) else { throw WireError() }
        return file
    }

    /// A range that is not empty and begins at `start` or later.
    fileprivate mutating func range(from start: UInt64) throws(WireError) -> Range<UInt64> {
        let lower = try varint()
        let length = try varint()
        guard lower >= start, length > 0, length <= Varint.max - lower else { throw WireError() }
        return lower..<lower + length
    }
}
