import DequeModule

/// The sessions that have not logged in, the oldest first, so that a tick looks only at those whose time is over.
struct UnauthenticatedQueue {
    private var queue: Deque<(id: SessionID, connectedAt: Int64)> = []
    private var present: Set<SessionID> = []

    var count: Int { present.count }

    /// - Parameter uptime: milliseconds, not before that of the last one appended.
    mutating func append(_ id: SessionID, at uptime: Int64) {
        queue.append((id, uptime))
        present.insert(id)
    }

    mutating func remove(_ id: SessionID) {
        present.remove(id)
        while let first = queue.first, !present.contains(first.id) { queue.removeFirst() }
    }

    mutating func popFirst(connectedBefore uptime: Int64) -> SessionID? {
        while let first = queue.first, first.connectedAt < uptime {
            queue.removeFirst()
            if present.remove(first.id) != nil { return first.id }
        }
        return nil
    }
}
