/// Cuts a stream of bytes into lines that end in LF or CRLF, holding at most one unfinished line of bounded length.
///
/// A line over the bound is reported once, as ``Line/tooLong``, as soon as it is over; the bytes that follow are dropped on arrival.
public struct LineDecoder: Sendable {
    public enum Line: Equatable, Sendable {
        /// A line without its line end.
        case line([UInt8])
        /// A line over the bound: its first bytes, as many as the bound.
        case tooLong(beginning: [UInt8])
    }

    private let maximum: Int
    private var partial: [UInt8] = []
    private var discarding = false
    /// Total bytes dropped from lines over the bound, without the first ``maximum`` of each.
    public private(set) var dropped = 0

    /// - Parameter maximum: the longest line in bytes, without its line end.
    public init(maximum: Int) { self.maximum = maximum }

    /// Bytes held of the unfinished line.
    public var buffered: Int { partial.count }

    /// Decodes `bytes` and passes each line that they complete to `body`, in order.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, _ body: (Line) -> Void) {
        decodePrefix(of: bytes) { line in
            body(line)
            return true
        }
    }

    /// Like ``decode(_:_:)``, but stops after a line for which `body` returns false.
    /// - Returns: the number of bytes decoded; the caller passes the others again later.
    @discardableResult
    public mutating func decodePrefix(of bytes: UnsafeRawBufferPointer, while body: (Line) -> Bool) -> Int {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = finish(rest[rest.startIndex..<end])
            rest = rest[(end + 1)...]
            if let line, !body(line) { return rest.startIndex - bytes.startIndex }
        }
        guard !discarding else {
            dropped += rest.count
            return bytes.count
        }
        guard !rest.isEmpty else { return bytes.count }
        // One byte more than the maximum is held: it may be the CR of a CRLF.
        if partial.count + rest.count > maximum + 1 {
            dropped += partial.count + rest.count - maximum
            discarding = true
            _ = body(.tooLong(beginning: popBeginning(rest)))
        } else {
            partial.append(contentsOf: rest)
        }
        return bytes.count
    }

    private mutating func finish(_ tail: Slice<UnsafeRawBufferPointer>) -> Line? {
        if discarding {
            discarding = false
            dropped += tail.count
            return nil
        }
        guard partial.count + tail.count <= maximum + 1 else {
            dropped += partial.count + tail.count - maximum
            return .tooLong(beginning: popBeginning(tail))
        }
        var line = partial
        partial = []
        line.append(contentsOf: tail)
        if line.last == 0x0D { line.removeLast() }
        return line.count > maximum ? .tooLong(beginning: Array(line.prefix(maximum))) : .line(line)
    }

    /// The first ``maximum`` bytes of a line over the bound, which `rest` continues. Empties the buffer.
    private mutating func popBeginning(_ rest: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        defer { partial = [] }
        return Array((partial + rest.prefix(max(0, maximum - partial.count))).prefix(maximum))
    }
}
