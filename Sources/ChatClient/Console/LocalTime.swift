import ChatProtocol
import Glibc

/// Civil time in the user's time zone.
public struct LocalTime: Sendable {
    /// `2026-01-31`
    let date: String
    /// `12:34`
    let time: String

    /// Converts a time to local time; tests pass another zone.
    public typealias Clock = @Sendable (Timestamp) -> LocalTime

    public init(date: String, time: String) {
        self.date = date
        self.time = time
    }

    /// Uses the time zone of the process (`TZ`, `/etc/localtime`).
    public static let system: Clock = { moment in
        var seconds = time_t(moment.milliseconds >= 0 ? moment.milliseconds / 1000 : 0)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let two: (Int32) -> String = Amount.twoDigits
        return LocalTime(
            date: "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))",
            time: "\(two(parts.tm_hour)):\(two(parts.tm_min))")
    }
}
