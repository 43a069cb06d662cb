import Foundation
import Testing

/// For tests that compute for long: runs them one after the other, whatever their suite, on a thread of their own with a lower priority.
/// The pool that all tasks share has a thread for each processor: on two of them a computation takes half, and tests with sockets and
/// timeouts would wait behind it.
public struct LongComputation: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // The suite as a whole computes nothing.
        guard testCase != nil else { return try await function() }
        try await withTaskExecutorPreference(ComputingThread.shared) { try await function() }
    }
}

extension Trait where Self == LongComputation {
    public static var longComputation: Self { Self() }
}

/// One thread that runs its jobs in order, at `nice` 5.
private final class ComputingThread: TaskExecutor, @unchecked Sendable {
    static let shared = ComputingThread()
    // `@unchecked`: `waiting` is accessed under `condition` only.
    private let condition = NSCondition()
    private var waiting: [UnownedJob] = []

    private init() {
        let thread = Thread { [self] in
            // On Linux this applies to the calling thread alone. If it fails, the tests only take longer.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            while true { for job in next() { job.runSynchronously(on: asUnownedTaskExecutor()) } }
        }
        thread.name = "tests-computing"
        // The size of the main thread's: debug builds of the simulator nest deeply.
        thread.stackSize = 8 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            waiting.append(job)
            condition.signal()
        }
    }

    private func next() -> [UnownedJob] {
        condition.withLock {
            while waiting.isEmpty { condition.wait() }
            defer { waiting = [] }
            return waiting
        }
    }
}
