import Glibc
import NIOConcurrencyHelpers
import SystemSupport

/// A thread for what takes long with files: hashing what is held, flushing, renaming. One job after the other.
final class FileWorker: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let state = NIOLockedValueBox(State())

    /// Runs `job` after those before it. The thread ends when there are none, and starts again with the next.
    func run(_ job: @escaping @Sendable () -> Void) {
        let start = state.withLockedValue { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard start else { return }
        do {
            try BackgroundThread.start(name: "chatty-files", self) { $0.drain() }
        } catch {
            // Without a thread the work is done here: slow, and right.
            drain()
        }
    }

    private func drain() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLockedValue { state in
            guard !state.jobs.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.jobs.removeFirst()
        }
    }
}
