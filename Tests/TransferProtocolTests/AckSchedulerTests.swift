import Testing

@testable import TransferProtocol

struct AckSchedulerTests {
    private let now = TransferInstant(nanoseconds: 1_000_000)

    /// The number of acks for packets that arrive with these numbers, if each is sent as soon as it is due.
    private func acks(for numbers: [UInt64], of scheduler: inout AckScheduler) -> Int {
        var sent = 0
        for number in numbers {
            _ = scheduler.received(number, eliciting: true, authenticated: true, at: now)
            guard scheduler.isDue(at: now) else { continue }
            scheduler.sent()
            sent += 1
        }
        return sent
    }

    private func makeScheduler() -> AckScheduler {
        var scheduler = AckScheduler()
        scheduler.setFrequency(every: 100, delay: 25_000, lowest: 0)
        return scheduler
    }

    @Test func aGapIsToldAtOnce() {
        var scheduler = makeScheduler()
        #expect(acks(for: [0, 1, 2], of: &scheduler) == 0)
        #expect(acks(for: [4], of: &scheduler) == 1)
        #expect(acks(for: [5, 6], of: &scheduler) == 0)
    }

    /// The first late packet is acknowledged at once, so that it is not declared lost; on a path with constant reordering late packets wait
    /// for regular acks.
    @Test func latecomersHaveNoAckEachOfTheirOwn() {
        var scheduler = makeScheduler()
        #expect(acks(for: [0, 50, 1], of: &scheduler) == 2)
        #expect(acks(for: Array(2...49), of: &scheduler) == 0)
        #expect(acks(for: Array(51...110), of: &scheduler) == 1)
        #expect(acks(for: [150] + Array(111...149), of: &scheduler) == 0)
    }

    @Test func aPathThatKeepsTheOrderForLongIsTrustedAgain() {
        var scheduler = makeScheduler()
        _ = acks(for: [0, 2, 1], of: &scheduler)
        _ = acks(for: Array(3...5000), of: &scheduler)
        scheduler.sent()
        #expect(acks(for: [5002], of: &scheduler) == 1)
    }

    /// Packet numbers are used once, so a duplicate comes from the network, or from an attacker who wants to elicit acks.
    @Test func aRepetitionIsAnsweredInItsTurn() {
        var scheduler = makeScheduler()
        #expect(acks(for: [0, 1, 2, 1, 2, 2], of: &scheduler) == 0)
        #expect(scheduler.nextTimeout == now + .milliseconds(25))
    }
}
