/// The received packet numbers as a bounded list of ranges, the highest first (RFC 9000 §13.2.3).
///
/// Beyond `capacity` ranges the lowest are dropped: their packets are not reported any more, and at worst retransmitted. Numbers below the
/// lowest range are rejected from then on, because a forgotten one must not pass for new. Held to a set of integers by `AckRangesTests`.
struct AckRanges {
    static let capacity = 256

    /// Closed ranges, descending, with at least one number missing between two of them.
    private(set) var ranges: [ClosedRange<UInt64>] = []

    /// It is unknown which numbers below this one were received.
    private(set) var floor: UInt64 = 0

    init() { ranges.reserveCapacity(Self.capacity + 1) }

    var isEmpty: Bool { ranges.isEmpty }
    var largest: UInt64? { ranges.first?.upperBound }

    enum Insertion { case new, duplicate }

    /// Whether the number was inserted before, or may have been.
    func mayContain(_ number: UInt64) -> Bool { number < floor || ranges.contains { $0.contains(number) } }

    /// Adds one number; the common case, the next after the largest, costs nothing.
    @discardableResult mutating func insert(_ number: UInt64) -> Insertion {
        if let first = ranges.first, number == first.upperBound &+ 1, number != 0 {
            ranges[0] = first.lowerBound...number
            return .new
        }
        guard number >= floor else { return .duplicate }
        var index = 0
        while index < ranges.count {
            let range = ranges[index]
            if number > range.upperBound {
                break
            }
            if number >= range.lowerBound { return .duplicate }
            index += 1
        }
        // ranges[index - 1] lies above the number, ranges[index] below.
        let joinsAbove = index > 0 && ranges[index - 1].lowerBound == number &+ 1
        let joinsBelow = index < ranges.count && ranges[index].upperBound &+ 1 == number
        switch (joinsAbove, joinsBelow) {
        case (true, true):
            ranges[index - 1] = ranges[index].lowerBound...ranges[index - 1].upperBound
            ranges.remove(at: index)
        case (true, false): ranges[index - 1] = number...ranges[index - 1].upperBound
        case (false, true): ranges[index] = ranges[index].lowerBound...number
        case (false, false):
            ranges.insert(number...number, at: index)
            if ranges.count > Self.capacity { ranges.removeLast() }
            if ranges.count == Self.capacity, let last = ranges.last { floor = last.lowerBound }
        }
        return .new
    }

    /// Drops everything below `number`.
    mutating func forget(below number: UInt64) {
        floor = max(floor, number)
        while let last = ranges.last, last.lowerBound < number {
            if last.upperBound >= number {
                ranges[ranges.count - 1] = number...last.upperBound
                return
            }
            ranges.removeLast()
        }
    }

    /// Writes an ACK frame's body: as many ranges as fit, the highest first, in the layout of RFC 9000 §19.3.
    /// - Parameter reserved: room that is left for other frames, bytes.
    /// - Returns: false if not even one range fits or there is none; what was written is then unusable.
    func write(to writer: inout WireWriter, delay: UInt64, keeping reserved: Int = 0) -> Bool {
        guard let first = ranges.first else { return false }
        var count = 1
        var size = 8 + Varint.length(delay) + 2 + 8
        var previous = first
        for range in ranges.dropFirst() {
            let more = Varint.length(previous.lowerBound - range.upperBound - 2) + Varint.length(range.upperBound - range.lowerBound)
            if size + more > writer.room - reserved { break }
            size += more
            count += 1
            previous = range
        }
        guard size <= writer.room else { return false }
        writer.varint(first.upperBound)
        writer.varint(delay)
        writer.varint(UInt64(count - 1))
        writer.varint(first.upperBound - first.lowerBound)
        previous = first
        for range in ranges[1..<count] {
            writer.varint(previous.lowerBound - range.upperBound - 2)
            writer.varint(range.upperBound - range.lowerBound)
            previous = range
        }
        return true
    }

    /// Decodes the body of an ACK frame into `ranges` (emptied first), descending. Throws if numbers fall below zero.
    static func read(from reader: inout WireReader, into ranges: inout [ClosedRange<UInt64>]) throws(WireError) -> (delay: UInt64, Void) {
        ranges.removeAll(keepingCapacity: true)
        let largest = try reader.varint()
        let delay = try reader.varint()
        let more = try reader.count(upTo: reader.remaining)
        let length = try reader.varint()
        guard length <= largest else { throw WireError() }
        var low = largest - length
        ranges.append(low...largest)
        for _ in 0..<more {
            let gap = try reader.varint()
            let length = try reader.varint()
            guard gap <= Varint.max - 2, low >= gap + 2, low - gap - 2 >= length else { throw WireError() }
            let high = low - gap - 2
            low = high - length
            ranges.append(low...high)
        }
        return (delay, ())
    }
}
