import Dispatch

/// A thread of this process that can be joined.
public final class JoinableThread: Sendable {
    private let ended: DispatchSemaphore

    /// Starts the thread.
    /// - Parameter name: the thread's name in tools, at most 15 bytes (prctl(2), `PR_SET_NAME`).
    /// - Throws: if the system gives no thread; `body` does not run then.
    public convenience init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        try self.init(name, ()) { _ in body() }
    }

    /// Transfers `value` to the thread and starts it.
    public init<Value>(_ name: String, _ value: sending Value, _ body: @escaping @Sendable (sending Value) -> Void) throws(SystemError) {
        let ended = DispatchSemaphore(value: 0)
        self.ended = ended
        try BackgroundThread.start(name: name, value) { value in
            body(value)
            ended.signal()
        }
    }

    /// Waits until `body` has returned. May be called several times.
    public func join() {
        ended.wait()
        ended.signal()
    }

    /// Waits until `body` has returned or the time is over.
    public func join(within time: DispatchTimeInterval) {
        if ended.wait(timeout: .now() + time) == .success { ended.signal() }
    }
}
