import DequeModule

/// The sessions that have not logged in, the oldest first, so that a tick visits only those whose time is over.
struct UnauthenticatedQueue {
    private var queue: Deque<(id: SessionID, connectedAt: Int64)> = []
    /// The sessions in the queue, and whether each counts towards the limit.
    private var present: [SessionID: Bool] = [:]
    /// The number of sessions that count towards the limit.
    private(set) var count = 0

    /// - Parameters:
    ///   - isCounted: whether the session counts towards the limit.
    ///   - uptime: milliseconds, not before that of the last session.
    mutating func append(_ id: SessionID, isCounted: Bool, at uptime: Int64) {
        queue.append((id, uptime))
        present[id] = isCounted
        if isCounted { count += 1 }
    }

    mutating func remove(_ id: SessionID) {
        unmark(id)
        while let first = queue.first, present[first.id] == nil { queue.removeFirst() }
    }

    mutating func popFirst(connectedBefore uptime: Int64) -> SessionID? {
        while let first = queue.first, first.connectedAt < uptime {
            queue.removeFirst()
            if unmark(first.id) { return first.id }
        }
        return nil
    }

    /// - Returns: whether the session was in the queue.
    @discardableResult private mutating func unmark(_ id: SessionID) -> Bool {
        guard let isCounted = present.removeValue(forKey: id) else { return false }
        if isCounted { count -= 1 }
        return true
    }
}
