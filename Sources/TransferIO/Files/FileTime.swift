import Glibc

/// The time of a file as an offer carries it: nanoseconds since 1970, of which 64 bits reach from 1677 to 2262; 0 stands for no time.
enum FileTime {
    /// The offer's form of a time. Times out of range become the first or the last one in range.
    static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, isBeyond) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isBeyondWithRest) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
        if isBeyond || isBeyondWithRest { return time.tv_sec < 0 ? .min : .max }
        // The very start of 1970, usual in reproducible builds, is a time too.
        return sum == 0 ? 1 : sum
    }

    /// The system's form of an offer's time; nil if the offer has none.
    static func timespec(_ nanoseconds: Int64) -> Glibc.timespec? {
        guard nanoseconds != 0 else { return nil }
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        // Rounded down: the nanoseconds of a time before 1970 count forward too.
        return remainder < 0
            ? Glibc.timespec(tv_sec: Int(quotient) - 1, tv_nsec: Int(remainder) + 1_000_000_000)
            : Glibc.timespec(tv_sec: Int(quotient), tv_nsec: Int(remainder))
    }
}
