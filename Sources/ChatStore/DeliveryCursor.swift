import ChatProtocol

/// Messages after the first id, up to the second.
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

/// How far an account has got with its messages, as it is kept.
public struct DeliveryCursor: Hashable, Sendable {
    /// What its sessions were told and lost with their connections.
    public struct Undelivered: Hashable, Sendable {
        public var range: MessageRange
        /// Who lost it, where the client has named itself (`SEEN`).
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
