import ChatHub
import DequeModule
import Foundation

/// Compares passwords with hashes on threads of its own, a bounded number at a time and waiting, so that a wave of log-ins costs nobody's chat.
///
/// Fair by key (the account guessed at): keys take turns, and each may wait only a few times, so guessing at one name does not keep others out.
final class HashingPool: @unchecked Sendable {
    struct Limits: Sendable {
        /// Threads. Half of the cores are left to the chat.
        var threads = max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        /// Jobs that wait, of all keys.
        var waiting = 512
        /// Jobs that wait, of one key.
        var waitingPerKey = 8
    }

    typealias Job = @Sendable () -> Void

    // Unchecked: everything below is touched only while `condition` is locked.
    private let condition = NSCondition()
    private let limits: Limits
    private var queues: [Int64: Deque<Job>] = [:]
    /// Keys with jobs, the one whose turn it is first.
    private var turns: Deque<Int64> = []
    private var waiting = 0
    private var isStopped = false

    init(_ limits: Limits = Limits()) {
        self.limits = limits
        for index in 0..<limits.threads {
            NamedThread.start("chatty-hash-\(index)") { [weak self] in
                // Behind the chat's threads where there are not cores enough for all.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
                while let job = self?.next() { job() }
            }
        }
    }

    /// - Parameter key: whose job it is.
    /// - Returns: false where too many wait already; the job will not be run.
    func run(key: Int64, _ job: @escaping Job) -> Bool {
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

    /// Jobs that wait are dropped, threads end.
    func stop() {
        condition.lock()
        isStopped = true
        queues = [:]
        turns = []
        waiting = 0
        condition.broadcast()
        condition.unlock()
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
