import ChatProtocol

/// Where what one has not seen begins: behind a log-in, and behind the time one was not at the keyboard.
///
/// The mark stands once before the first such message.
struct UnreadMark: Sendable {
    private enum State: Equatable {
        case none
        /// Messages kept by the server come first, if there are any; they are of before that time.
        case loggedIn(Timestamp)
        case unattended
    }

    private var state = State.none

    /// - Parameter now: of this machine's clock; where it is wrong, a mark may be missing or stand before what is new.
    mutating func arm(at now: Timestamp) { state = .loggedIn(now) }

    mutating func attend(_ isThere: Bool) {
        if !isThere { state = .unattended } else if state == .unattended { state = .none }
    }

    /// Whether the mark is to be shown now, which it is once.
    mutating func isDue(before message: ReceivedMessage) -> Bool {
        defer { state = .none }
        return switch state {
        case .none: false
        case .loggedIn(let time): message.time < time
        case .unattended: true
        }
    }
}
