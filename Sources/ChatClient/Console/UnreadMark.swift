import ChatProtocol

/// Decides where the unread messages begin: after a log-in, and after a time without a key press.
///
/// The mark is shown once, before the first such message.
struct UnreadMark: Sendable {
    private enum State: Equatable {
        case none
        /// After a log-in, stored messages come first if there are any. They are older than this time.
        case loggedIn(Timestamp)
        case unattended
    }

    private var state = State.none

    /// - Parameter now: the time of this machine's clock. If it is wrong, the mark may be missing or stand before newer messages.
    mutating func arm(at now: Timestamp) { state = .loggedIn(now) }

    mutating func attend(_ isThere: Bool) {
        if !isThere { state = .unattended } else if state == .unattended { state = .none }
    }

    /// Whether the mark has to be shown now; true once.
    mutating func isDue(before message: ReceivedMessage) -> Bool {
        defer { state = .none }
        return switch state {
        case .none: false
        case .loggedIn(let time): message.time < time
        case .unattended: true
        }
    }
}
