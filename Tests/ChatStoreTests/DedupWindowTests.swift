import ChatProtocol
import Testing

@testable import ChatStore

/// The nonces of messages are forgotten after a time.
struct DedupWindowTests {
    private let yoda = AccountID(rawValue: 1)
    private static let day: Int64 = 86_400_000
    private let first = DedupWindow.First(message: MessageID(rawValue: 1), time: Timestamp(milliseconds: 1))

    @Test func namesOfMessagesAreForgottenAfterADay() {
        var window = DedupWindow([], at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        for number in 0..<1000 {
            let account = AccountID(rawValue: Int64(number))
            window.record("first", of: account, first, at: 1000)
            window.record("second", of: account, first, at: 2000)
        }
        window.sweep(at: 1000 + Self.day)
        #expect(window.count == 2000)
        window.sweep(at: 1001 + Self.day + 60_000)
        #expect(window.count == 0)
        #expect(window.find("first", of: yoda) == nil)
    }

    @Test func theyAreLookedForOnceAMinute() {
        var window = DedupWindow([], at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        window.record("old", of: yoda, first, at: 0)
        window.sweep(at: Self.day - 1)
        window.record("new", of: yoda, first, at: Self.day)
        window.sweep(at: Self.day + 1)
        #expect(window.find("old", of: yoda) == first)
        window.sweep(at: Self.day + 60_000)
        #expect(window.find("old", of: yoda) == nil && window.find("new", of: yoda) == first)
    }

    /// Stored nonces age by the wall clock, and not at all if it was set back.
    @Test func theirAgeGoesOnOverARestart() {
        let now = EventTime(wall: Timestamp(milliseconds: 10 * Self.day), uptime: 5000)
        let sent = [("old", 10 * Self.day - Self.day + 1000), ("new", 10 * Self.day), ("ahead", 99 * Self.day)].map { nonce, time in
            StoreState.Sent(account: yoda, nonce: nonce, message: MessageID(rawValue: 7), time: Timestamp(milliseconds: time))
        }
        var window = DedupWindow(sent, at: now)
        window.sweep(at: 5000 + 1001)
        #expect(window.find("old", of: yoda) == nil)
        #expect(window.find("new", of: yoda) != nil && window.find("ahead", of: yoda) != nil)
    }

    @Test func onlyTheLastOfAnAccountAreKnown() {
        var window = DedupWindow([], at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        for number in 0...DedupWindow.perAccount { window.record("\(number)", of: yoda, first, at: 0) }
        #expect(window.count == DedupWindow.perAccount && window.find("0", of: yoda) == nil && window.find("1", of: yoda) == first)
    }

    @Test func whatWasNotStoredMayBeSentAgain() {
        var window = DedupWindow([], at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        window.record("a", of: yoda, first, at: 0)
        window.remove("a", of: yoda)
        #expect(window.find("a", of: yoda) == nil && window.count == 0)
    }
}
