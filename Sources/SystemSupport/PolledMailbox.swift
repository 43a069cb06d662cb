import CLinux
import Glibc
import NIOConcurrencyHelpers

/// A queue from any thread to a consumer that polls descriptors: ``descriptor`` is readable while elements wait.
///
/// For a consumer that waits for nothing else, ``Mailbox`` is simpler.
public final class PolledMailbox<Element: Sendable>: Sendable {
    /// The result of ``PolledMailbox/post(_:)``.
    public enum Acceptance: Sendable {
        /// The element is queued.
        case accepted
        /// The element is queued, and the caller should pause because so many are waiting.
        case acceptedAtLimit
        /// The mailbox is closed, and the element is dropped.
        case refused
    }

    private struct State {
        var elements: [Element] = []
        var isClosed = false
    }

    public let descriptor: Int32
    private let limit: Int
    private let state = NIOLockedValueBox(State())

    /// - Parameter limit: the number of waiting elements at which callers of ``post(_:)`` are asked to pause.
    /// - Throws: if this process or the system has no descriptor left.
    public init(limit: Int = .max) throws(SystemError) {
        descriptor = clinux_wakeup_make()
        guard descriptor >= 0 else { throw SystemError("make an event descriptor") }
        self.limit = limit
    }

    deinit { Glibc.close(descriptor) }

    @discardableResult public func post(_ element: Element) -> Acceptance {
        state.withLockedValue { state in
            guard !state.isClosed else { return .refused }
            state.elements.append(element)
            // Signals while the lock is held, so that no `drain` comes between. A signal after it would leave an empty mailbox readable.
            if state.elements.count == 1 { clinux_wakeup_signal(descriptor) }
            return state.elements.count < limit ? .accepted : .acceptedAtLimit
        }
    }

    /// Removes all elements.
    /// - Returns: the elements in order, and whether a caller of ``post(_:)`` was asked to pause.
    public func drain() -> (elements: [Element], wasFull: Bool) {
        let elements = state.withLockedValue { state in
            if !state.elements.isEmpty { clinux_wakeup_clear(descriptor) }
            defer { state.elements = [] }
            return state.elements
        }
        return (elements, elements.count >= limit)
    }

    /// Refuses all further elements.
    /// - Returns: the elements still waiting.
    public func close() -> [Element] {
        state.withLockedValue { state in
            state.isClosed = true
            defer { state.elements = [] }
            return state.elements
        }
    }
}
