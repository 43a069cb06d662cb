import ChatProtocol
import ChatStore
import Glibc

extension EventTime {
    /// The time by the system's wall clock and its monotonic clock.
    package static var now: EventTime {
        EventTime(wall: Timestamp(milliseconds: EventTime.read(CLOCK_REALTIME)), uptime: EventTime.read(CLOCK_MONOTONIC))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
