/// Cuts a stream of bytes into lines that end in LF or CRLF, holding at most one unfinished line of bounded length.
///
/// A line over the bound is reported once, as ``Line/tooLong``, when its end has come or the bound is passed; its bytes are dropped as they come.
public struct LineDecoder: Sendable {
    public enum Line: Equatable, Sendable {
        /// Without its line end.
        case line([UInt8])
        /// - beginning: as much of it as a line may be long.
        case tooLong(beginning: [UInt8])
    }

    private let maximum: Int
    private var partial: [UInt8] = []
    private var discarding = false
    /// Bytes of lines over the bound that were dropped since the beginning, the first ``maximum`` of each left out.
    public private(set) var dropped = 0

    /// - Parameter maximum: the longest line, bytes, without its line end.
    public init(maximum: Int) { self.maximum = maximum }

    /// Bytes held of a line whose end has not come.
    public var buffered: Int { partial.count }

    /// Takes what has been read and gives each line that it completes to `body`, in order.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, _ body: (Line) -> Void) {
        take(bytes) { line in
            body(line)
            return true
        }
    }

    /// The same, until `body` says that it takes no more lines.
    /// - Returns: how many of the bytes were taken.
    @discardableResult
    public mutating func take(_ bytes: UnsafeRawBufferPointer, while body: (Line) -> Bool) -> Int {
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
        // One more byte than the maximum is allowed to wait: it may be the CR of a CRLF.
        if partial.count + rest.count > maximum + 1 {
            dropped += partial.count + rest.count - maximum
            discarding = true
            _ = body(.tooLong(beginning: takeBeginning(rest)))
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
            return .tooLong(beginning: takeBeginning(tail))
        }
        var line = partial
        partial = []
        line.append(contentsOf: tail)
        if line.last == 0x0D { line.removeLast() }
        return line.count > maximum ? .tooLong(beginning: Array(line.prefix(maximum))) : .line(line)
    }

    /// Of a line over the bound, which goes on with these bytes.
    private mutating func takeBeginning(_ rest: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        defer { partial = [] }
        return Array((partial + rest.prefix(max(0, maximum - partial.count))).prefix(maximum))
    }
}
