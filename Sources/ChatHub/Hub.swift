import ChatProtocol

/// The service: every rule of who may do what, as a state machine without I/O.
///
/// Synchronous and single-threaded. Time is an argument; what needs the outside (hashing, the store) is asked for by an action and answered by an event.
public struct Hub {
    public init(_ configuration: HubConfiguration, _ state: HubState, at now: Moment) {
    }

    /// Takes one event and says what is to be done, in order.
    public mutating func handle(_ event: Event, at now: Moment) -> [Action] {
        []
    }
}
