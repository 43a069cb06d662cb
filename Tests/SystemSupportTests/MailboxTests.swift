import Dispatch
import SystemSupport
import TestSupport
import Testing

@Suite(.longComputation) struct MailboxTests {
    @Test func allThatWaitsIsTakenAtOnceInItsOrder() {
        let mailbox = Mailbox<Int>()
        mailbox.put([1, 2])
        mailbox.put(3)
        #expect(mailbox.count == 3 && mailbox.take() == [1, 2, 3] && mailbox.count == 0)
        mailbox.put(4)
        mailbox.close()
        mailbox.put(5)
        #expect(mailbox.take() == [4] && mailbox.take() == nil)
    }

    /// The deadline follows the monotonic clock, whatever happens to the wall clock.
    @Test func whoWaitsInVainComesBackAtTheDeadline() {
        let mailbox = Mailbox<Int>()
        let begun = DispatchTime.now()
        #expect(mailbox.take(until: begun + 0.05) == [])
        #expect(DispatchTime.now() >= begun + 0.05)
        #expect(mailbox.take(until: begun) == [], "a deadline that has passed is no wait")
    }

    @Test func whoSleepsIsWoken() throws {
        let mailbox = Mailbox<Int>()
        let taken = Mailbox<[Int]?>()
        _ = try JoinableThread("taker") {
            taken.put(mailbox.take(until: .now() + 60))
            taken.put(mailbox.take())
        }
        mailbox.put(7)
        #expect(taken.take(until: .now() + 60) == [[7]])
        mailbox.close()
        #expect(taken.take(until: .now() + 60) == [nil])
    }

    /// An element may come at the deadline, between the end of the wait and the return of the lock.
    @Test func whatComesAtTheDeadlineIsTakenOnce() throws {
        let mailbox = Mailbox<Int>()
        let count = 20_000
        let giver = try JoinableThread("giver") {
            for number in 0..<count {
                mailbox.put(number)
                // About as long as a deadline.
                let begun = DispatchTime.now().uptimeNanoseconds
                while DispatchTime.now().uptimeNanoseconds < begun + UInt64(30_000 + number % 60 * 1000) {}
            }
            mailbox.close()
        }
        var taken: [Int] = []
        while let some = mailbox.take(until: .now() + .microseconds(20)) { taken += some }
        giver.join()
        #expect(taken.count == count && taken.indices.allSatisfy { taken[$0] == $0 }, "\(taken.count) of \(count)")
    }
}
