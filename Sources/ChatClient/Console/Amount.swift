/// Sizes, rates and times for people. The chat writes them as words of a sentence; `send-file` and `recv-file` write the same figures as
/// columns of a progress line (`TransferText`).
public enum Amount {
    /// Scales bytes to kilobytes and larger units: powers of 1000, as for disks and networks.
    /// - Returns: the figure in tenths of its unit; nil below 1000 bytes.
    public static func scaled(_ bytes: UInt64) -> (tenths: Int, unit: String)? {
        guard bytes >= 1000 else { return nil }
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(bytes) / 1000
        var unit = 0
        // 999.95 would be rounded to 1000.0.
        while value >= 999.95, unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        return (Int((value * 10).rounded()), units[unit])
    }

    /// `1.2 GB`, `16 MB`, `340 bytes`.
    public static func bytes(_ count: Int64) -> String {
        guard let (tenths, unit) = scaled(UInt64(max(0, count))) else { return "\(count) \(count == 1 ? "byte" : "bytes")" }
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    /// `12.3 MB/s`.
    public static func rate(_ bytesPerSecond: Double) -> String {
        guard bytesPerSecond.isFinite, bytesPerSecond >= 0, bytesPerSecond < 1e18 else { return "? B/s" }
        return (bytesPerSecond < 1000 ? "\(Int64(bytesPerSecond)) B" : bytes(Int64(bytesPerSecond))) + "/s"
    }

    /// `0.4 s`, `12 s`, `3:05`, `1:02:03`.
    public static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        if seconds < 10 { return "\(Double(Int(seconds * 10)) / 10) s" }
        let whole = Int(seconds)
        return whole < 60 ? "\(whole) s" : clock(whole)
    }

    /// `0:07`, `12:34`, `1:02:03`.
    public static func clock(_ seconds: Int) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, twoDigits(seconds % 60))
        return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(rest)" : "\(minutes):\(rest)"
    }

    /// `07`.
    public static func twoDigits(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
