import CLinux
import Glibc
import NIOConcurrencyHelpers

/// A queue from any thread to one that polls: what is posted makes ``descriptor`` readable.
public final class Mailbox<Element: Sendable>: Sendable {
    /// For `poll`; readable while something waits.
    public let descriptor: Int32
    private let waiting = NIOLockedValueBox<[Element]>([])
    private let limit: Int

    /// - Parameter limit: over that many the poster is told to hold back.
    /// - Returns: nil where the process has no descriptor left.
    public init?(limit: Int = 4096) {
        let descriptor = clinux_wakeup_make()
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.limit = limit
    }

    deinit { close(descriptor) }

    /// - Returns: false where so much waits that its source should pause.
    @discardableResult
    public func post(_ element: Element) -> Bool {
        let count = waiting.withLockedValue { waiting in
            waiting.append(element)
            return waiting.count
        }
        if count == 1 { clinux_wakeup_signal(descriptor) }
        return count < limit
    }

    /// All that waits, in order, and whether its source was told to pause.
    public func drain() -> (elements: [Element], wasFull: Bool) {
        clinux_wakeup_clear(descriptor)
        let elements = waiting.withLockedValue { waiting in
            let elements = waiting
            waiting = []
            return elements
        }
        return (elements, elements.count >= limit)
    }
}
