import CLinux
import Glibc
import NIOConcurrencyHelpers

/// A queue from any thread to one that polls: posting an element makes ``descriptor`` readable.
public final class Mailbox<Element: Sendable>: Sendable {
    /// Readable while elements wait.
    public let descriptor: Int32
    private let waiting = NIOLockedValueBox<[Element]>([])
    private let limit: Int

    /// - Parameter limit: how many elements may wait before ``post(_:)`` asks its caller to pause.
    /// - Returns: nil if the process has no descriptor left.
    public init?(limit: Int = 4096) {
        let descriptor = clinux_wakeup_make()
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.limit = limit
    }

    deinit { close(descriptor) }

    /// - Returns: false if so many elements wait that the caller should pause.
    @discardableResult
    public func post(_ element: Element) -> Bool {
        let count = waiting.withLockedValue { waiting in
            waiting.append(element)
            return waiting.count
        }
        if count == 1 { clinux_wakeup_signal(descriptor) }
        return count < limit
    }

    /// Removes all elements.
    /// - Returns: the elements in order, and whether a caller of ``post(_:)`` was asked to pause.
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
