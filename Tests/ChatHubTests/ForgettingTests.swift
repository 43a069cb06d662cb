import ChatProtocol
import Testing

@testable import ChatHub

/// What is kept of the past ends with its time, and with its account.
struct ForgettingTests {
    private let yoda = AccountID(rawValue: 1)
    private let luke = AccountID(rawValue: 2)
    private static let day: Int64 = 86_400_000

    @Test func namesOfMessagesAreForgottenAfterADay() {
        var nonces = DedupWindow([], at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        for number in 0..<1000 {
            let account = AccountID(rawValue: Int64(number))
            nonces.note("first", of: account, at: 1000)
            nonces.note("second", of: account, at: 2000)
            nonces.settle("first", of: account, (MessageID(rawValue: 1), Timestamp(milliseconds: 1)))
        }
        nonces.sweep(at: 1000 + Self.day)
        #expect(nonces.count == 2000)
        nonces.sweep(at: 1001 + Self.day + 60_000)
        #expect(nonces.count == 0)
        #expect(nonces.find("first", of: yoda) == nil)
    }

    @Test func theyAreLookedForOnceAMinute() {
        var nonces = DedupWindow([], at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
        nonces.note("old", of: yoda, at: 0)
        nonces.sweep(at: Self.day - 1)
        nonces.note("new", of: yoda, at: Self.day)
        nonces.sweep(at: Self.day + 1)
        #expect(nonces.find("old", of: yoda) == .onItsWay)
        nonces.sweep(at: Self.day + 60_000)
        #expect(nonces.find("old", of: yoda) == nil && nonces.find("new", of: yoda) == .onItsWay)
    }

    /// Those that a store kept age by the clock on the wall, and not at all where that was set back.
    @Test func theirAgeGoesOnOverARestart() {
        let now = EventTime(wall: Timestamp(milliseconds: 10 * Self.day), uptime: 5000)
        let sent = [("old", 10 * Self.day - Self.day + 1000), ("new", 10 * Self.day), ("ahead", 99 * Self.day)].map { nonce, time in
            HubState.Sent(account: yoda, nonce: nonce, message: MessageID(rawValue: 7), time: Timestamp(milliseconds: time))
        }
        var nonces = DedupWindow(sent, at: now)
        nonces.sweep(at: 5000 + 1001)
        #expect(nonces.find("old", of: yoda) == nil)
        #expect(nonces.find("new", of: yoda) != nil && nonces.find("ahead", of: yoda) != nil)
    }

    @Test func nothingIsKeptOfARemovedAccount() throws {
        var state = HubState()
        state.accounts = [Account(id: yoda, name: try Name("yoda")), Account(id: luke, name: try Name("luke"))]
        state.groups = [
            Group(
                id: GroupID(rawValue: 1), name: try Name("jedi"), founder: yoda, isOpen: true, created: Timestamp(milliseconds: 0),
                members: [yoda, luke])
        ]
        state.cursors = [yoda: DeliveryCursor(reached: MessageID(rawValue: 5)), luke: DeliveryCursor(reached: MessageID(rawValue: 6))]
        state.sent = [yoda, luke].map {
            HubState.Sent(account: $0, nonce: "n", message: MessageID(rawValue: 5), time: Timestamp(milliseconds: 0))
        }
        let now = EventTime(wall: Timestamp(milliseconds: 1), uptime: 1)
        var hub = Hub(HubConfiguration(), state, at: now)
        _ = hub.handle(.accountsChanged([state.accounts[1]]), at: now)
        #expect(hub.cursors.reached(yoda) == .zero && hub.cursors.reached(luke) == MessageID(rawValue: 6))
        #expect(hub.nonces.count == 1 && hub.nonces.find("n", of: luke) != nil)
        #expect(hub.directory.groupsOfAccount == [luke: [GroupID(rawValue: 1)]])
    }
}
