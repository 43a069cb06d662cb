import ChatHub
import ChatProtocol
import Glibc

/// An event on its way to the hub, with the moment at which it came.
struct HubInput: Sendable {
    let event: Event
    let moment: Moment

    init(_ event: Event, at moment: Moment = .now) {
        self.event = event
        self.moment = moment
    }
}

extension Moment {
    /// By the system's clocks.
    static var now: Moment {
        Moment(wall: Timestamp(milliseconds: Moment.read(CLOCK_REALTIME)), uptime: Moment.read(CLOCK_MONOTONIC))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
