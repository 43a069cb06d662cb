import Dispatch
import Glibc

/// A lock with a condition whose deadlines follow the monotonic clock. `NSCondition` follows the wall clock: set back by an hour, it waits
/// an hour longer.
final class MonotonicCondition: @unchecked Sendable {
    // Unchecked: both are made for use by several threads and never move.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        // With these arguments none of the calls can fail (pthread_mutex_init(3), pthread_condattr_setclock(3)).
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
    func signal() { pthread_cond_signal(condition) }

    /// Releases the lock and waits for a signal or the deadline. Spurious wake-ups are possible.
    /// - Returns: false if the deadline has passed.
    func wait(until deadline: DispatchTime? = nil) -> Bool {
        guard let deadline else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(
            tv_sec: Int(deadline.uptimeNanoseconds / 1_000_000_000), tv_nsec: Int(deadline.uptimeNanoseconds % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }
}
