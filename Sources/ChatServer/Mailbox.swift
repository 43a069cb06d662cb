import Dispatch

/// What threads leave for one thread, which takes all of it at once: the more has come while it worked, the larger its next batch.
///
/// Unbounded by itself; every producer is bounded by what it may have under way.
final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Unchecked: all below is touched only while `condition` is locked.
    private let condition = MonotonicCondition()
    private var waiting: [Element] = []
    private var isClosed = false
    private var isTakerAsleep = false

    /// Elements that nobody has taken yet.
    var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return waiting.count
    }

    func put(_ element: Element) {
        condition.lock()
        if !isClosed { waiting.append(element) }
        wakeAndUnlock()
    }

    func put(_ elements: [Element]) {
        guard !elements.isEmpty else { return }
        condition.lock()
        if !isClosed { waiting.append(contentsOf: elements) }
        wakeAndUnlock()
    }

    /// Takes no more; the taker gets what is there and then nil.
    func close() {
        condition.lock()
        isClosed = true
        wakeAndUnlock()
    }

    /// All there is, waiting for the first one.
    /// - Parameters:
    ///   - spare: an emptied array whose room is used for what comes next.
    ///   - deadline: when to come back with nothing.
    /// - Returns: nil once closed and empty.
    func take(reusing spare: [Element] = [], until deadline: DispatchTime? = nil) -> [Element]? {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty, !isClosed {
            isTakerAsleep = true
            defer { isTakerAsleep = false }
            // At the deadline something may have come in the moment before the lock was had again: it is taken as any other.
            guard condition.wait(until: deadline) || !waiting.isEmpty || isClosed else { return [] }
        }
        guard !waiting.isEmpty else { return nil }
        var taken = spare
        taken.removeAll(keepingCapacity: true)
        swap(&taken, &waiting)
        return taken
    }

    private func wakeAndUnlock() {
        let wakes = isTakerAsleep
        condition.unlock()
        if wakes { condition.signal() }
    }
}
