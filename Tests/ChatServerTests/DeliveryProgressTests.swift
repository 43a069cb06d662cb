import ChatProtocol
import Testing

@testable import ChatServer

@Suite struct DeliveryProgressTests {
    private static let (one, two) = (MessageID(rawValue: 1), MessageID(rawValue: 2))

    @Test func whatIsAcknowledgedIsReached() {
        var progress = DeliveryProgress()
        #expect(progress.isSettled)
        progress.give(Self.one)
        #expect(!progress.isSettled && progress.reached == nil)
        progress.observe(TCPProgress(given: 100, acknowledged: 100))
        #expect(progress.isSettled && progress.reached == Self.one)
    }

    @Test func whatIsOnItsWayIsReachedWhenThePlaceItHadIsPassed() {
        var progress = DeliveryProgress()
        progress.give(Self.one)
        progress.observe(TCPProgress(given: 100, acknowledged: 60))
        #expect(progress.reached == nil)
        // Further messages are always under way.
        progress.give(Self.two)
        progress.observe(TCPProgress(given: 200, acknowledged: 99))
        #expect(progress.reached == nil)
        progress.observe(TCPProgress(given: 200, acknowledged: 100))
        #expect(progress.reached == Self.one)
        progress.observe(TCPProgress(given: 300, acknowledged: 200))
        #expect(progress.reached == Self.two)
    }

    /// A message counts as reached only once an acknowledgement has passed it, whatever is sent meanwhile.
    @Test func whatIsNotAcknowledgedIsNotReached() {
        var progress = DeliveryProgress()
        progress.give(Self.one)
        progress.observe(TCPProgress(given: 100, acknowledged: 100))
        progress.give(Self.two)
        for _ in 1...3 { progress.observe(TCPProgress(given: 200, acknowledged: 199)) }
        #expect(progress.reached == Self.one && !progress.isSettled)
        progress.observe(TCPProgress(given: 200, acknowledged: 200))
        #expect(progress.reached == Self.two && progress.isSettled)
    }
}
