import ChatProtocol
import ChatStore
import Testing

@testable import ChatHub

/// The state of an account ends with the account.
struct ForgettingTests {
    private let yoda = AccountID(rawValue: 1)
    private let luke = AccountID(rawValue: 2)

    @Test func nothingIsStoredOfARemovedAccount() throws {
        var state = StoreState()
        state.accounts = [Account(id: yoda, name: try Name("yoda")), Account(id: luke, name: try Name("luke"))]
        state.groups = [
            Group(
                id: GroupID(rawValue: 1), name: try Name("jedi"), founder: yoda, isOpen: true, created: Timestamp(milliseconds: 0),
                members: [yoda, luke])
        ]
        state.cursors = [yoda: DeliveryCursor(reached: MessageID(rawValue: 5)), luke: DeliveryCursor(reached: MessageID(rawValue: 6))]
        let now = EventTime(wall: Timestamp(milliseconds: 1), uptime: 1)
        var hub = Hub(HubConfiguration(), state, at: now)
        let entry = Entry(position: MessageID(rawValue: 7), time: now.wall, .accountRemoved(yoda))
        _ = hub.handle(.decided(nil, .stored(entry)), at: now)
        #expect(hub.cursors.reached(yoda) == .zero && hub.cursors.reached(luke) == MessageID(rawValue: 6))
        #expect(hub.directory.groupsOfAccount == [luke: [GroupID(rawValue: 1)]])
    }
}
