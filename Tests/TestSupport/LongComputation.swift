import Foundation
import Testing

/// For tests that compute for long: on a thread of their own, one after the other, whatever their suite, with less right to a processor than
/// the rest. The pool of threads that all tasks share has as many as there are processors: on two of them a computation takes half, and every
/// test that waits for a socket stands in line behind it, with its time limits and its peer that goes on meanwhile.
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

/// One thread that runs what is given to it in that order, at `nice` 5.
private final class ComputingThread: TaskExecutor, @unchecked Sendable {
    static let shared = ComputingThread()
    // `@unchecked`: `waiting` is touched under `condition` only.
    private let condition = NSCondition()
    private var waiting: [UnownedJob] = []

    private init() {
        let thread = Thread { [self] in
            // Of the calling thread alone on Linux. Refused, the tests take longer, and that is all.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            while true { for job in next() { job.runSynchronously(on: asUnownedTaskExecutor()) } }
        }
        thread.name = "tests-computing"
        // As the main thread has it: debug builds of the simulator nest deeply.
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
