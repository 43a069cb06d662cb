import DequeModule
import Foundation

/// The limits of a ``FairPool``.
public struct PoolLimits: Sendable {
    public var threads: Int
    /// Waiting jobs of all keys.
    public var waiting: Int
    /// Waiting jobs of one key.
    public var waitingPerKey: Int

    public init(threads: Int, waiting: Int, waitingPerKey: Int) {
        self.threads = threads
        self.waiting = waiting
        self.waitingPerKey = waitingPerKey
    }
}

/// Runs long jobs on a fixed number of threads of its own, at a lower priority than the chat's threads.
///
/// It is fair by key: keys take turns, and the waiting jobs of one key are bounded, so that one busy key does not exclude others.
public final class FairPool<Key: Hashable & Sendable>: @unchecked Sendable {
    public typealias Job = @Sendable () -> Void

    // Unchecked: `threads` is set before anybody else has the pool; the rest is accessed only while `condition` is locked.
    private let condition = NSCondition()
    private let limits: PoolLimits
    private var queues: [Key: Deque<Job>] = [:]
    /// Keys with waiting jobs, in the order of their turns.
    private var turns: Deque<Key> = []
    private var waiting = 0
    private var isStopped = false
    private var threads: [JoinableThread] = []

    /// - Parameter name: names the threads `chatty-name-0` and so on.
    /// - Throws: if the system does not give all the threads. None is left then.
    public init(_ name: String, _ limits: PoolLimits) throws(SystemError) {
        self.limits = limits
        do throws(SystemError) {
            for index in 0..<limits.threads {
                threads.append(
                    try JoinableThread("chatty-\(name)-\(index)") { [self] in
                        // The chat's threads come first if the cores are busy.
                        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
                        while let job = next() { job() }
                    })
            }
        } catch {
            stop()
            throw error
        }
    }

    /// Queues a job.
    /// - Parameter key: the owner of the job.
    /// - Returns: false if too many jobs are waiting. The job does not run then.
    public func run(key: Key, _ job: @escaping Job) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let queue = queues[key, default: []]
        guard !isStopped, waiting < limits.waiting, queue.count < limits.waitingPerKey else { return false }
        if queue.isEmpty { turns.append(key) }
        queues[key, default: []].append(job)
        waiting += 1
        condition.signal()
        return true
    }

    /// Drops the waiting jobs. Returns when the running ones are done.
    public func stop() {
        condition.lock()
        isStopped = true
        queues = [:]
        turns = []
        waiting = 0
        condition.broadcast()
        condition.unlock()
        for thread in threads { thread.join() }
    }

    /// The number of waiting jobs.
    public var depth: Int {
        condition.lock()
        defer { condition.unlock() }
        return waiting
    }

    private func next() -> Job? {
        condition.lock()
        defer { condition.unlock() }
        while !isStopped {
            if let key = turns.popFirst(), var queue = queues[key], let job = queue.popFirst() {
                queues[key] = queue.isEmpty ? nil : queue
                if !queue.isEmpty { turns.append(key) }
                waiting -= 1
                return job
            }
            condition.wait()
        }
        return nil
    }
}
