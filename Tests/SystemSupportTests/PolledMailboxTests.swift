import Glibc
import SystemSupport
import TestSupport
import Testing

@Suite(.longComputation) struct PolledMailboxTests {
    private static func isReadable(_ descriptor: Int32, within milliseconds: Int32 = 0) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return retrying { poll(&entry, 1, milliseconds) } == 1
    }

    @Test func itIsReadableWhileElementsWait() throws {
        let mailbox = try PolledMailbox<Int>()
        #expect(!Self.isReadable(mailbox.descriptor))
        #expect(mailbox.post(1) == .accepted && mailbox.post(2) == .accepted)
        #expect(Self.isReadable(mailbox.descriptor))
        #expect(mailbox.drain().elements == [1, 2])
        #expect(!Self.isReadable(mailbox.descriptor))
        #expect(mailbox.drain().elements == [])
    }

    @Test func whoPostsTooMuchIsAskedToPause() throws {
        let mailbox = try PolledMailbox<Int>(limit: 2)
        #expect(mailbox.post(1) == .accepted && mailbox.drain().wasFull == false)
        #expect(mailbox.post(2) == .accepted && mailbox.post(3) == .acceptedAtLimit && mailbox.post(4) == .acceptedAtLimit)
        let (elements, wasFull) = mailbox.drain()
        #expect(elements == [2, 3, 4] && wasFull)
        #expect(mailbox.post(5) == .accepted)
    }

    @Test func aClosedOneRefuses() throws {
        let mailbox = try PolledMailbox<Int>()
        mailbox.post(1)
        #expect(mailbox.close() == [1])
        #expect(mailbox.post(2) == .refused && mailbox.drain().elements == [])
    }

    /// A signal after its element was taken would wake the consumer for nothing, again and again, so that a polling loop spins.
    @Test func everyWakeUpHasAnElement() throws {
        let mailbox = try PolledMailbox<Int>()
        let count = 200_000
        let giver = try JoinableThread("giver") { for number in 0..<count { mailbox.post(number) } }
        var (taken, inVain, isInOrder) = (0, 0, true)
        while taken < count {
            try #require(Self.isReadable(mailbox.descriptor, within: 20_000), "\(taken) of \(count)")
            let elements = mailbox.drain().elements
            if elements.isEmpty { inVain += 1 }
            for element in elements {
                isInOrder = isInOrder && element == taken
                taken += 1
            }
        }
        giver.join()
        #expect(isInOrder && inVain == 0 && !Self.isReadable(mailbox.descriptor), "\(inVain) in vain")
    }
}
