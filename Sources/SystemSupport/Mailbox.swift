import Dispatch

/// A queue from any thread to one that takes all that waits at once: the more has come while it worked, the larger is its next batch.
///
/// It has no bound of its own; every producer is bounded by what it may have under way.
public final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Unchecked: all below is touched only while `condition` is locked.
    private let condition = MonotonicCondition()
    private var waiting: [Element] = []
    private var isClosed = false
    private var isTakerAsleep = false

    public init() {}

    /// Elements that nobody has taken yet.
    public var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return waiting.count
    }

    public func put(_ element: Element) {
        condition.lock()
        if !isClosed { waiting.append(element) }
        wakeAndUnlock()
    }

    public func put(_ elements: [Element]) {
        guard !elements.isEmpty else { return }
        condition.lock()
        if !isClosed { waiting.append(contentsOf: elements) }
        wakeAndUnlock()
    }

    /// Refuses further elements. ``take(reusing:until:)`` gives what waits, and then nil.
    public func close() {
        condition.lock()
        isClosed = true
        wakeAndUnlock()
    }

    /// Removes all elements; waits for one where there is none.
    /// - Parameters:
    ///   - spare: an array of no more use, whose memory is used for elements to come.
    ///   - deadline: when to return without any.
    /// - Returns: the elements in order, none at the deadline, nil once the mailbox is closed and empty.
    public func take(reusing spare: [Element] = [], until deadline: DispatchTime? = nil) -> [Element]? {
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
