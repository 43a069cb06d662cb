import ChatProtocol

/// The messages with ids after `after`, up to and including `upTo`.
public struct MessageRange: Hashable, Sendable {
    public var after: MessageID
    public var upTo: MessageID

    public init(after: MessageID, upTo: MessageID) {
        self.after = after
        self.upTo = upTo
    }

    public static func all(after message: MessageID) -> MessageRange { MessageRange(after: message, upTo: MessageID(rawValue: .max)) }

    public func intersection(_ other: MessageRange) -> MessageRange? {
        let (after, upTo) = (max(after, other.after), min(upTo, other.upTo))
        return after < upTo ? MessageRange(after: after, upTo: upTo) : nil
    }
}

/// The delivery cursor of an account as it is stored: the last message that the account has received, and the gaps before it.
public struct DeliveryCursor: Hashable, Sendable {
    /// A range that a session was sent and lost with its connection.
    public struct Undelivered: Hashable, Sendable {
        public var range: MessageRange
        /// The identifier of the client that lost it, if it gave one with `SEEN`.
        public var client: String?

        public init(_ range: MessageRange, client: String?) {
            self.range = range
            self.client = client
        }
    }

    public var reached: MessageID
    public var undelivered: [Undelivered]

    public init(reached: MessageID, undelivered: [Undelivered] = []) {
        self.reached = reached
        self.undelivered = undelivered
    }
}
