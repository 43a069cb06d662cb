import Foundation
import NIOConcurrencyHelpers
import SystemSupport
import Testing

@Suite struct FairPoolTests {
    /// Occupies the pool's one thread until the semaphore is signalled, so that the waiting jobs are known.
    private func heldPool(_ limits: PoolLimits) throws -> (FairPool<Int>, release: DispatchSemaphore) {
        var limits = limits
        limits.threads = 1
        let pool = try FairPool<Int>("test", limits)
        let (began, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        #expect(
            pool.run(key: 0) {
                began.signal()
                release.wait()
            })
        try #require(began.wait(timeout: .now() + 20) == .success)
        return (pool, release)
    }

    @Test func keysTakeTurns() throws {
        let (pool, release) = try heldPool(PoolLimits(threads: 1, waiting: 512, waitingPerKey: 384))
        let order = NIOLockedValueBox<[String]>([])
        let done = DispatchSemaphore(value: 0)
        for (key, name) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")] as [(Int, String)] {
            #expect(
                pool.run(key: key) {
                    order.withLockedValue { $0.append(name) }
                    done.signal()
                })
        }
        release.signal()
        for _ in 1...6 { #expect(done.wait(timeout: .now() + 20) == .success) }
        #expect(order.withLockedValue { $0 } == ["a1", "b1", "c1", "a2", "b2", "a3"])
        pool.stop()
    }

    @Test func whatIsOverABoundIsRefused() throws {
        var limits = PoolLimits(threads: 1, waiting: 512, waitingPerKey: 384)
        limits.waiting = 5
        limits.waitingPerKey = 2
        let (pool, release) = try heldPool(limits)
        #expect([1, 1, 1, 2, 2, 3, 4].map { pool.run(key: $0) {} } == [true, true, false, true, true, true, false])
        #expect(pool.depth == 5)
        release.signal()
        pool.stop()
        #expect(!pool.run(key: 9) {})
    }
}
