import ChatProtocol
import ChatStore
import TestSupport
import Testing

@testable import ChatStoreSQLite

@Suite struct MissedMessagesTests {
    @Test func theyAreThoseToTheAccountAndItsGroupsSinceItJoined() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let (yoda, luke, hans) = (StoreFixture.yoda, StoreFixture.luke, StoreFixture.hans)
        let jedi = Group(
            id: GroupID(rawValue: 1), name: try Name("jedi"), founder: yoda, isOpen: true, created: StoreFixture.start, members: [yoda])
        let group = ChatMessage.Target.group(jedi.id, jedi.name)
        let writes: [Written] = [
            .groupCreated(jedi),
            .message(try StoreFixture.message(10, from: yoda, "Yoda", to: group, "before luke's time")),
            .memberJoined(jedi.id, luke, after: MessageID(rawValue: 10)),
            .message(try StoreFixture.message(11, from: yoda, "Yoda", to: group, "to the group")),
            .message(try StoreFixture.message(12, from: luke, "luke", to: group, "luke's own")),
            .message(try StoreFixture.message(13, from: hans, "hans", to: .user(luke, Name("luke")), "direct")),
            .message(try StoreFixture.message(14, from: luke, "luke", to: .user(hans, Name("hans")), "luke's answer")),
            .message(try StoreFixture.message(15, from: yoda, "Yoda", to: .user(hans, Name("hans")), "between others")),
            .message(try StoreFixture.message(16, from: yoda, "Yoda", to: group, "last")),
        ]
        #expect(!probe.store(writes).contains { $0 != true })
        probe.stop()

        let missed = try fixture.store.missed(luke, after: .zero, limit: 100)
        #expect(missed.map(\.text) == ["to the group", "direct", "last"])
        #expect(missed.map(\.senderName.text) == ["Yoda", "hans", "Yoda"])
        #expect(missed.map(\.target) == [group, .user(luke, try Name("luke")), group])
        #expect(missed.first?.time == StoreFixture.start.adding(milliseconds: 11))
        #expect(try fixture.store.missed(luke, after: MessageID(rawValue: 11), limit: 1).map(\.text) == ["direct"])
        #expect(try fixture.store.missed(hans, after: .zero, limit: 100).map(\.text) == ["luke's answer", "between others"])
    }

    /// Many conversations, each longer than one page of it. All pages together hold each message once, in order.
    @Test(arguments: [1, 2, 3] as [UInt64]) func pagesOfAnyLengthPutTogetherAreAllInOrder(seed: UInt64) throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        var random = SeededGenerator(seed: seed)
        var writes: [Written] = []
        for number in 1...5 {
            writes.append(
                .groupCreated(
                    Group(
                        id: GroupID(rawValue: Int64(number)), name: try Name("g\(number)"), founder: StoreFixture.yoda, isOpen: true,
                        created: StoreFixture.start, members: [StoreFixture.yoda, StoreFixture.luke])))
        }
        var expected: [Int64] = []
        for id in Int64(1)...900 {
            let number = Int64.random(in: 0...5, using: &random)
            let target: ChatMessage.Target =
                number == 0 ? .user(StoreFixture.luke, try Name("luke")) : .group(GroupID(rawValue: number), try Name("g\(number)"))
            writes.append(.message(try StoreFixture.message(id, from: StoreFixture.yoda, "Yoda", to: target, "\(id)")))
            expected.append(id)
        }
        #expect(!probe.store(writes).contains { $0 != true })
        probe.stop()
        var got: [Int64] = []
        while true {
            let page = try fixture.store.missed(
                StoreFixture.luke, after: MessageID(rawValue: got.last ?? 0), limit: Int.random(in: 1...300, using: &random))
            if page.isEmpty { break }
            got += page.map(\.id.rawValue)
        }
        #expect(got == expected)
    }
}
