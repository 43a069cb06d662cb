import ChatHub
import ChatStore
import DequeModule
import Foundation

struct PoolLimits: Sendable {
    var threads: Int
    /// Jobs that wait, of all keys.
    var waiting: Int
    /// Jobs that wait, of one key.
    var waitingPerKey: Int
}

/// Does long jobs on threads of its own, a bounded number at a time and waiting, so that they cost nobody's chat.
///
/// Fair by key (whose job it is): keys take turns, and each may wait only so many times, so one that asks a lot does not keep others out.
final class FairPool<Key: Hashable & Sendable>: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    // Unchecked: everything below is touched only while `condition` is locked.
    private let condition = NSCondition()
    private let limits: PoolLimits
    private var queues: [Key: Deque<Job>] = [:]
    /// Keys with jobs, the one whose turn it is first.
    private var turns: Deque<Key> = []
    private var waiting = 0
    private var isStopped = false
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameter name: its threads are `chatty-name-0` and so on.
    init(_ name: String, _ limits: PoolLimits) {
        self.limits = limits
        for index in 0..<limits.threads {
            NamedThread.start("chatty-\(name)-\(index)") { [self] in
                // Behind the chat's threads where there are not cores enough for all.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
                while let job = next() { job() }
                ended.signal()
            }
        }
    }

    /// - Parameter key: whose job it is.
    /// - Returns: false where too many wait already; the job will not be run.
    func run(key: Key, _ job: @escaping Job) -> Bool {
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

    /// Jobs that wait are dropped; returns when those under way are done. Not to be called twice.
    func stop() {
        condition.lock()
        isStopped = true
        queues = [:]
        turns = []
        waiting = 0
        condition.broadcast()
        condition.unlock()
        for _ in 0..<limits.threads { ended.wait() }
    }

    var depth: Int {
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
