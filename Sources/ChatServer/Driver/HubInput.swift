import ChatHub
import ChatProtocol
import ChatStore
import ChatStoreSQLite

/// An event for the hub, with the time at which it came.
struct HubInput: Sendable {
    let event: Event
    let moment: EventTime

    init(_ event: Event, at moment: EventTime = .now) {
        self.event = event
        self.moment = moment
    }
}

extension Event {
    /// The hub's event for an engine's report.
    init(_ report: Report) {
        self =
            switch report {
            case .decided(let request, let outcome): .decided(request, outcome)
            case .caughtUp(let request): .caughtUp(request)
            case .found(let request, let answer): .found(request, answer)
            }
    }
}
