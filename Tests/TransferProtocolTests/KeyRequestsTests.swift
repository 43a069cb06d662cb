import Connectivity
import Testing

@testable import TransferProtocol

struct KeyRequestsTests {
    private static let listener = NetworkAddress(high: 0, low: 0x0000_FFFF_7F00_0001, port: 4242)
    private static let start = TransferInstant(nanoseconds: 1_000_000_000)

    /// The times at which requests are sent before `end`, in milliseconds from the start.
    private static func requestTimes(_ requests: inout KeyRequests, from first: Int64 = 0, until end: Int64) -> [Int64] {
        (first..<end).filter { requests.nextDatagram(at: start + .milliseconds($0)) != nil }
    }

    @Test func anUnansweredQuestionIsRepeated() {
        var requests = KeyRequests()
        requests.add(Self.listener, token: 7, deadline: Self.start + .seconds(Int64(20)), at: Self.start)
        #expect(Self.requestTimes(&requests, until: 1600) == [0, 500, 1000, 1500])
    }

    /// A man in the middle answers first, and the listener's answer is lost: without another request the true key would remain unknown.
    @Test func anAnsweredQuestionIsAskedAgainEverMoreRarely() {
        var requests = KeyRequests()
        requests.add(Self.listener, token: 7, deadline: Self.start + .seconds(Int64(20)), at: Self.start)
        #expect(Self.requestTimes(&requests, until: 100) == [0])
        let (lie, key) = ([UInt8](repeating: 66, count: 32), [UInt8](repeating: 1, count: 32))
        requests.answered(token: 7, from: Self.listener, key: lie)
        #expect(requests.nextAnswer()?.key == lie)
        #expect(Self.requestTimes(&requests, from: 100, until: 10_000) == [500, 1000, 2000, 4000, 8000])
        // A repeated answer is reported once.
        requests.answered(token: 7, from: Self.listener, key: lie)
        requests.answered(token: 7, from: Self.listener, key: key)
        #expect(requests.nextAnswer()?.key == key && requests.nextAnswer() == nil)
        requests.expire(at: Self.start + .seconds(Int64(20)))
        #expect(requests.nextAnswer()?.key == .some(nil) && requests.nextTimeout == .distantFuture)
    }
}
