import Testing
import TransferProtocol

@testable import TransferIO

@Suite struct UpdateQueueTests {
    private static let offer = FileOffer(name: "movie.mp4", size: 1)

    private static func isOffer(_ update: TransferUpdate, of file: FileID) -> Bool {
        if case .offered(file, _) = update { true } else { false }
    }

    /// Without a consumer, offers that come and go leave nothing behind.
    @Test func whatIsWithdrawnIsForgotten() async {
        let queue = UpdateQueue()
        queue.add(.offered(0, Self.offer))
        for file in FileID(1)...10_000 {
            queue.add(.offered(file, Self.offer))
            queue.add(.paused(file.isMultiple(of: 2)))
            queue.add(.failed(file, .cancelled, text: ""))
        }
        #expect(queue.count == 2)
        queue.add(.ended(.complete))
        var updates: [TransferUpdate] = []
        for await update in queue.stream() { updates.append(update) }
        #expect(updates.count == 3)
        #expect(Self.isOffer(updates[0], of: 0))
        if case .paused(true) = updates[1] {} else { Issue.record("\(updates[1])") }
        if case .ended(.complete) = updates[2] {} else { Issue.record("\(updates[2])") }
    }

    /// The end is known before earlier updates are read, and after the consumer has stopped.
    @Test func theEndIsKnownAtOnce() async {
        let queue = UpdateQueue()
        queue.add(.offered(0, Self.offer))
        let waiter = Task { await queue.waitForEnd() }
        queue.add(.ended(.complete))
        await waiter.value
        await queue.waitForEnd()
        #expect(queue.count == 2)
    }

    /// A withdrawal is reported once the offer was read.
    @Test func theEndOfAFileThatWasSeenIsTold() async {
        let queue = UpdateQueue()
        let stream = queue.stream()
        var iterator = stream.makeAsyncIterator()
        queue.add(.offered(0, Self.offer))
        if let first = await iterator.next() { #expect(Self.isOffer(first, of: 0)) }
        queue.add(.failed(0, .cancelled, text: "why"))
        if case .failed(0, .cancelled, "why")? = await iterator.next() {} else { Issue.record("the end was not told") }
    }

    /// A waiting consumer gets new updates, and is resumed when it is cancelled.
    @Test func aConsumerThatWaits() async {
        let queue = UpdateQueue()
        let stream = queue.stream()
        let consumer = Task {
            var count = 0
            for await _ in stream { count += 1 }
            return count
        }
        for file in FileID(0)..<100 { queue.add(.done(file)) }
        while queue.count > 0 { await Task.yield() }
        consumer.cancel()
        #expect(await consumer.value == 100)
        queue.add(.done(100))
        #expect(queue.count == 0)
    }
}
