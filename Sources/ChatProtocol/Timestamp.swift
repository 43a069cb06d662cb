/// A point in civil time: milliseconds since 1970-01-01T00:00:00Z without leap seconds.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    public func adding(milliseconds more: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds &+ more) }

    /// `2026-01-31T12:34:56.789Z`, the form of the IRCv3 `server-time` tag.
    public var iso8601: String { text(fraction: true) }

    /// `2026-01-31T12:34:56Z`, the form shown to people and scripts.
    public var description: String { text(fraction: false) }

    private func text(fraction: Bool) -> String {
        var (days, inDay) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        if inDay < 0 {
            inDay += 86_400_000
            days -= 1
        }
        let (year, month, day) = Timestamp.civil(daysSinceEpoch: days)
        let seconds = inDay / 1000
        var out = Timestamp.padded(year, 4) + "-" + Timestamp.padded(month, 2) + "-" + Timestamp.padded(day, 2) + "T"
        out += Timestamp.padded(seconds / 3600, 2) + ":" + Timestamp.padded(seconds / 60 % 60, 2) + ":" + Timestamp.padded(seconds % 60, 2)
        if fraction { out += "." + Timestamp.padded(inDay % 1000, 3) }
        return out + "Z"
    }

    /// Parses the forms of ``iso8601`` and ``description`` (a fraction of any length, `Z` required) and nothing else.
    public init?(iso8601 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40, bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        let dash = UInt8(ascii: "-")
        let colon = UInt8(ascii: ":")
        guard bytes[4] == dash, bytes[7] == dash, bytes[10] == UInt8(ascii: "T"), bytes[13] == colon, bytes[16] == colon,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var thousandths: Int64 = 0
        if bytes[19] == UInt8(ascii: ".") {
            // Each digit is checked by itself: there can be more of them than fit into a number.
            guard bytes.count > 21, bytes[20..<bytes.count - 1].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            let digits = min(3, bytes.count - 21)
            guard var value = number(20..<20 + digits) else { return nil }
            for _ in digits..<3 { value *= 10 }
            thousandths = value
        } else if bytes.count != 20 {
            return nil
        }
        let days = Timestamp.daysSinceEpoch(year: year, month: month, day: day)
        self.init(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + thousandths)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Proleptic Gregorian date of a day number, by eras: 400 years are 146,097 days, and years begin in March.
    private static func civil(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
