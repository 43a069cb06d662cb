import ChatHub
import ChatProtocol
import ChatStore
import Glibc

/// An event on its way to the hub, with the moment at which it came.
struct HubInput: Sendable {
    let event: Event
    let moment: EventTime

    init(_ event: Event, at moment: EventTime = .now) {
        self.event = event
        self.moment = moment
    }
}

extension Event {
    /// What an engine reports is an event.
    init(_ report: Report) {
        self =
            switch report {
            case .decided(let request, let outcome): .decided(request, outcome)
            case .caughtUp(let request): .caughtUp(request)
            case .found(let request, let answer): .found(request, answer)
            }
    }
}

extension EventTime {
    /// By the system's clocks.
    static var now: EventTime {
        EventTime(wall: Timestamp(milliseconds: EventTime.read(CLOCK_REALTIME)), uptime: EventTime.read(CLOCK_MONOTONIC))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
