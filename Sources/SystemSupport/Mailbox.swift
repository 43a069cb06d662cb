import Dispatch

/// A queue from any thread to one consumer, which takes all waiting elements at once. The more elements come while it works, the larger is
/// its next batch.
///
/// The queue itself is unbounded. Every producer bounds what it has under way.
public final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Unchecked: everything below is accessed only while `condition` is locked.
    private let condition = MonotonicCondition()
    private var waiting: [Element] = []
    private var isClosed = false
    private var isTakerAsleep = false

    public init() {}

    /// The number of waiting elements.
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

    /// Refuses further elements. ``take(reusing:until:)`` returns the waiting ones, and then nil.
    public func close() {
        condition.lock()
        isClosed = true
        wakeAndUnlock()
    }

    /// Removes all elements. Waits if there is none.
    /// - Parameters:
    ///   - spare: an array that is not needed any more. Its memory is reused for later elements.
    ///   - deadline: when to return without an element.
    /// - Returns: the elements in order; an empty array at the deadline; nil once the mailbox is closed and empty.
    public func take(reusing spare: [Element] = [], until deadline: DispatchTime? = nil) -> [Element]? {
        condition.lock()
        defer { condition.unlock() }
        while waiting.isEmpty, !isClosed {
            isTakerAsleep = true
            defer { isTakerAsleep = false }
            // An element may have come between the deadline and the return of the lock. It is taken as usual.
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
