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
        progress.observe(TCPProgress(given: 100, acknowledged: 100), at: 0)
        #expect(progress.isSettled && progress.reached == Self.one)
    }

    @Test func whatIsOnItsWayIsReachedWhenThePlaceItHadIsPassed() {
        var progress = DeliveryProgress()
        progress.give(Self.one)
        progress.observe(TCPProgress(given: 100, acknowledged: 60), at: 0)
        #expect(progress.reached == nil)
        // More is always under way.
        progress.give(Self.two)
        progress.observe(TCPProgress(given: 200, acknowledged: 99), at: 1000)
        #expect(progress.reached == nil)
        progress.observe(TCPProgress(given: 200, acknowledged: 100), at: 2000)
        #expect(progress.reached == Self.one)
        progress.observe(TCPProgress(given: 300, acknowledged: 200), at: 3000)
        #expect(progress.reached == Self.two)
    }

    @Test func atTheEndOfALinkThatLivesAllHasArrived() {
        var progress = DeliveryProgress()
        progress.give(Self.one)
        progress.observe(TCPProgress(given: 100, acknowledged: 0), at: 1000)
        progress.give(Self.two)
        progress.end(at: 1400)
        #expect(progress.reached == Self.two)
    }

    @Test func atTheEndOfADeadLinkOnlyWhatWasAcknowledgedHas() {
        var progress = DeliveryProgress()
        progress.give(Self.one)
        progress.observe(TCPProgress(given: 100, acknowledged: 100), at: 0)
        progress.give(Self.two)
        progress.observe(TCPProgress(given: 200, acknowledged: 100), at: 1000)
        progress.observe(TCPProgress(given: 200, acknowledged: 100), at: 2000)
        progress.end(at: 2500)
        #expect(progress.reached == Self.one)
    }
}
