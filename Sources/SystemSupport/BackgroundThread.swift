import CLinux
import Glibc

/// A detached thread that runs one closure.
public enum BackgroundThread {
    private final class Task {
        let name: String
        let body: () -> Void
        init(name: String, body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Transfers `value` to a new thread and runs `body` there.
    /// - Parameter name: the thread's name in tools, at most 15 bytes (prctl(2), `PR_SET_NAME`).
    /// - Throws: if the system gives no thread.
    public static func start<Value>(
        name: String, _ value: sending Value, _ body: @escaping @Sendable (sending Value) -> Void
    ) throws(SystemError) {
        // `sending`: nobody else has access to the value, so the thread may use it freely.
        nonisolated(unsafe) let value = value
        let task = Task(name: name) { body(value) }
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(task)
        let code = pthread_create(
            &thread, nil,
            { argument -> UnsafeMutableRawPointer? in
                guard let argument else { return nil }
                let task = Unmanaged<Task>.fromOpaque(argument).takeRetainedValue()
                clinux_thread_setup(task.name)
                task.body()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw SystemError("start a thread", code: code)
        }
        pthread_detach(thread)
    }
}
