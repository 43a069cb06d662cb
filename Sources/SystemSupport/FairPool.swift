import DequeModule
import Foundation

/// How much a ``FairPool`` does and lets wait.
public struct PoolLimits: Sendable {
    public var threads: Int
    /// Jobs that wait, of all keys.
    public var waiting: Int
    /// Jobs that wait, of one key.
    public var waitingPerKey: Int

    public init(threads: Int, waiting: Int, waitingPerKey: Int) {
        self.threads = threads
        self.waiting = waiting
        self.waitingPerKey = waitingPerKey
    }
}

/// Runs long jobs on threads of its own, a bounded number at a time, at a lower priority than the chat's threads.
///
/// Fair by key (whose job it is): keys take turns, and only so many jobs of one key may wait, so that one that asks a lot does not keep others out.
public final class FairPool<Key: Hashable & Sendable>: @unchecked Sendable {
    public typealias Job = @Sendable () -> Void

    // Unchecked: `threads` is set before anybody else has the pool, and the rest is touched only while `condition` is locked.
    private let condition = NSCondition()
    private let limits: PoolLimits
    private var queues: [Key: Deque<Job>] = [:]
    /// Keys with jobs, the one whose turn it is first.
    private var turns: Deque<Key> = []
    private var waiting = 0
    private var isStopped = false
    private var threads: [JoinableThread] = []

    /// - Parameter name: its threads are `chatty-name-0` and so on.
    /// - Throws: if the system does not give all the threads; none is left then.
    public init(_ name: String, _ limits: PoolLimits) throws(SystemError) {
        self.limits = limits
        do throws(SystemError) {
            for index in 0..<limits.threads {
                threads.append(
                    try JoinableThread("chatty-\(name)-\(index)") { [self] in
                        // The chat's threads come first where there are not cores enough for all.
                        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
                        while let job = next() { job() }
                    })
            }
        } catch {
            stop()
            throw error
        }
    }

    /// - Parameter key: whose job it is.
    /// - Returns: false where too many wait already; the job will not be run.
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

    /// Drops the jobs that wait; returns when those under way are done.
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

    /// Jobs that wait.
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
