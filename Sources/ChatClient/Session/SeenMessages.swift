import ChatProtocol
import DequeModule

/// The ids of the messages shown last, so that a replay after a reconnect shows none twice.
struct SeenMessages: Sendable {
    private var known: Set<MessageID> = []
    private var order: Deque<MessageID> = []
    private let capacity: Int

    init(capacity: Int = 8192) { self.capacity = capacity }

    /// Records a message and returns whether it is new. It is forgotten after `capacity` others.
    mutating func insert(_ id: MessageID) -> Bool {
        guard known.insert(id).inserted else { return false }
        order.append(id)
        if order.count > capacity, let oldest = order.popFirst() { known.remove(oldest) }
        return true
    }
}
