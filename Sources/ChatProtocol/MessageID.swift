/// The id of a stored message. Ids grow in the order in which messages are accepted, whatever the clock does: a larger id is a later
/// message.
///
/// An id is 42 bits of milliseconds and 21 bits that order the messages of one millisecond; see ``MessageIDSource``.
public struct MessageID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// An id that is smaller than that of any message.
    public static let zero = MessageID(rawValue: 0)

    public static func < (left: MessageID, right: MessageID) -> Bool { left.rawValue < right.rawValue }

    /// All ids that messages of one millisecond can have. A time outside the range of ids gives those of the first or the last millisecond
    /// in it.
    public static func range(at time: Timestamp) -> ClosedRange<MessageID> {
        let first = min(max(0, time.milliseconds), 0x3FF_FFFF_FFFF) << 21
        return MessageID(rawValue: first)...MessageID(rawValue: first | 0x1F_FFFF)
    }

    /// The form of the IRCv3 `msgid` tag: 13 characters of base 32 (Crockford's digits, as in ULIDs), which sort like the ids.
    public var description: String {
        var value = UInt64(bitPattern: rawValue)
        var characters = [UInt8](repeating: 0, count: 13)
        for index in characters.indices.reversed() {
            characters[index] = MessageID.digits[Int(value & 31)]
            value >>= 5
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Parses the form of ``description``.
    public init?(_ text: String) {
        guard text.utf8.count == 13 else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8 {
            guard let digit = MessageID.digits.firstIndex(of: byte), value >> 59 == 0 else { return nil }
            value = value << 5 | UInt64(digit)
        }
        guard value >> 63 == 0 else { return nil }
        self.init(rawValue: Int64(value))
    }

    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}

/// Generates ids that only grow, even if the clock is set back.
public struct MessageIDSource: Sendable {
    /// The id generated last.
    public private(set) var last: MessageID

    /// - Parameter last: the largest id in the store.
    public init(after last: MessageID = .zero) { self.last = last }

    public mutating func next(at now: Timestamp) -> MessageID {
        last = following(at: now)
        return last
    }

    /// The id that ``next(at:)`` would generate.
    public func following(at now: Timestamp) -> MessageID {
        let clock = MessageID(rawValue: (max(0, now.milliseconds) & 0x3FF_FFFF_FFFF) << 21)
        return MessageID(rawValue: max(clock.rawValue, last.rawValue + 1))
    }
}
