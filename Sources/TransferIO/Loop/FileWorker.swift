import Glibc
import NIOConcurrencyHelpers
import SystemSupport

/// A thread for long file operations (hashing, syncing, renaming), one after the other.
final class FileWorker: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false
    }

    private let state = NIOLockedValueBox(State())

    /// Runs `job` after those before it. The thread ends when the queue is empty, and starts again for the next job.
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
            // Without a thread the work is done on this one: slow, but correct.
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
