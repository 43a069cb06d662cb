import ChatProtocol
import ChatStore
import Foundation
import GRDB
import Testing

@testable import ChatStoreSQLite

@Suite struct RetentionTests {
    private let fixture: StoreFixture
    private static let day: Int64 = 86_400_000
    private let now = EventTime(wall: StoreFixture.start, uptime: 1_000_000)

    init() throws { fixture = try StoreFixture() }

    /// A message of an age in days.
    private func message(_ days: Int64, _ number: Int64, _ text: String, group: Int64? = nil) throws -> Written {
        let time = StoreFixture.start.adding(milliseconds: -days * Self.day)
        let id = MessageID(rawValue: MessageID.range(at: time).lowerBound.rawValue + number)
        let target: ChatMessage.Target =
            group == nil ? .user(StoreFixture.luke, try Name("luke")) : .group(GroupID(rawValue: group ?? 0), try Name("jedi"))
        return .message(
            ChatMessage(
                id: id, time: time, sender: StoreFixture.yoda, senderName: try Name("Yoda"), target: target, text: text,
                nonce: "n\(days)-\(number)"))
    }

    /// - Parameter idle: the age of the last message, days.
    private func fill(idle: Int64 = 0) throws {
        let probe = WriterProbe(fixture.store)
        var writes: [Written] = [
            .groupCreated(
                Group(
                    id: GroupID(rawValue: 1), name: try Name("jedi"), founder: StoreFixture.yoda, isOpen: true,
                    created: StoreFixture.start, members: [StoreFixture.yoda, StoreFixture.luke]))
        ]
        for number in 0..<Int64(700) {
            writes.append(try message(31, number, "old words \(number)", group: number.isMultiple(of: 2) ? 1 : nil))
        }
        writes += [try message(29, 0, "young words"), try message(29, 1, "young words to all", group: 1)]
        #expect(!probe.store(writes).contains { $0 != true })
        while try count("SELECT count(*) FROM indexed") < 702 { Thread.sleep(forTimeInterval: 0.005) }
        probe.stop()
        let last = MessageID.range(at: StoreFixture.start.adding(milliseconds: -idle * Self.day)).lowerBound
        try fixture.store.pool.write { db in
            try db.execute(sql: "UPDATE counters SET value = ? WHERE name = 'last_message'", arguments: [last.rawValue])
        }
    }

    private func count(_ sql: String) throws -> Int { try fixture.store.pool.read { try Int.fetchOne($0, sql: sql) ?? -1 } }

    private func work(_ retention: inout Retention, at moment: EventTime) throws {
        try fixture.store.pool.writeWithoutTransaction { try retention.work($0, at: moment) }
    }

    private func later(_ milliseconds: Int64, step: Int64 = 0) -> EventTime {
        EventTime(wall: now.wall.adding(milliseconds: milliseconds + step), uptime: now.uptime + milliseconds)
    }

    @Test func whatIsOlderGoesInSmallStepsWithItsWords() throws {
        try fill()
        var retention = Retention(days: 30)
        try work(&retention, at: now)
        #expect(try count("SELECT count(*) FROM messages") == 702 - Retention.step && !retention.isIdle)
        while !retention.isIdle { try work(&retention, at: now) }
        let luke = StoreFixture.luke
        #expect(try fixture.store.missed(luke, after: .zero, limit: 99).map(\.text) == ["young words", "young words to all"])
        #expect(try fixture.store.history(luke, .search("words", limit: 99)).count == 2)
        for table in ["indexed", "messages", "sent"] { #expect(try count("SELECT count(*) FROM \(table)") == 2, "\(table)") }
        #expect(try count("SELECT count(*) FROM words WHERE words MATCH 'old'") == 0, "the index holds nothing of it")
        try fixture.store.pool.writeWithoutTransaction { db in
            try db.execute(sql: "INSERT INTO words(words) VALUES('integrity-check')")
        }
        // A day later no message is old yet, two days later all are.
        try work(&retention, at: later(Self.day / 2))
        #expect(try count("SELECT count(*) FROM messages") == 2)
        try work(&retention, at: later(2 * Self.day))
        #expect(try count("SELECT count(*) FROM messages") == 0)
    }

    @Test func aGroupThatIsGoneGoesWithTheLastThatWasSaidInIt() throws {
        try fill()
        let probe = WriterProbe(fixture.store)
        let group = GroupID(rawValue: 1)
        let writes: [Written] = [
            .memberLeft(group, StoreFixture.yoda), .memberLeft(group, StoreFixture.luke),
        ]
        #expect(!probe.store(writes).contains { $0 != true })
        probe.stop()
        var retention = Retention(days: 30)
        repeat { try work(&retention, at: now) } while !retention.isIdle
        #expect(try count("SELECT count(*) FROM groups") == 1)
        repeat { try work(&retention, at: later(2 * Self.day)) } while !retention.isIdle
        #expect(try count("SELECT count(*) FROM groups") == 0)
        #expect(try fixture.store.loadState().lastGroup == group)
    }

    /// A clock that jumps forward is believed if it says the same an hour later.
    @Test func aClockThatIsSetForAMomentTakesNothing() throws {
        try fill()
        var retention = Retention(days: 40)
        try work(&retention, at: now)
        #expect(retention.isIdle)
        let year = 365 * Self.day
        try work(&retention, at: later(Retention.interval, step: year))
        #expect(retention.isIdle)
        #expect(retention.popNotice()?.hasPrefix("The clock was set forward by 8760 hours. ") == true)
        try work(&retention, at: later(2 * Retention.interval))
        #expect(retention.popNotice() == nil)
        try work(&retention, at: later(3 * Retention.interval))
        #expect(try count("SELECT count(*) FROM messages") == 702)
        try work(&retention, at: later(4 * Retention.interval, step: year))
        try work(&retention, at: later(5 * Retention.interval, step: year))
        #expect(!retention.isIdle)
    }

    /// A machine that starts with its clock far ahead, before it has synchronised it, has an hour to do so.
    @Test func aClockThatIsAheadAtTheStartTakesNothing() throws {
        try fill(idle: 2)
        var retention = Retention(days: 30)
        try work(&retention, at: now)
        try work(&retention, at: later(Retention.interval / 2))
        #expect(try count("SELECT count(*) FROM messages") == 702)
        // The clock is set right meanwhile, so nothing is old.
        var corrected = Retention(days: 40)
        let year = 365 * Self.day
        try work(&corrected, at: later(0, step: year))
        try work(&corrected, at: later(Retention.interval))
        #expect(try count("SELECT count(*) FROM messages") == 702 && corrected.isIdle)
        // The clock says the same: nobody has written for two days.
        try work(&retention, at: later(Retention.interval))
        #expect(try count("SELECT count(*) FROM messages") < 702)
    }

    /// Messages stored while the clock was far ahead, or later, have ids ahead of it. They are deleted by their times.
    @Test func idsThatRunAheadOfTheClockKeepNothingLonger() throws {
        try fill()
        let ahead = MessageID.range(at: StoreFixture.start.adding(milliseconds: 365 * Self.day)).lowerBound.rawValue
        let probe = WriterProbe(fixture.store)
        let luke = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        let written = try (Int64(1)...300).map { number in
            let time = StoreFixture.start.adding(milliseconds: number.isMultiple(of: 2) ? -31 * Self.day : -number)
            return Written.message(
                ChatMessage(
                    id: MessageID(rawValue: ahead + number), time: time, sender: StoreFixture.yoda, senderName: try Name("Yoda"),
                    target: luke,
                    text: "\(number)"))
        }
        #expect(!probe.store(written).contains { $0 != true })
        probe.stop()
        var retention = Retention(days: 30)
        repeat { try work(&retention, at: now) } while !retention.isIdle
        #expect(try count("SELECT count(*) FROM messages") == 2 + 150)
        #expect(try count("SELECT count(*) FROM messages WHERE time < \(StoreFixture.start.milliseconds - 30 * Self.day)") == 0)
    }

    /// Messages deleted with an account leave no words in the index.
    @Test func aRemovedAccountsInboxLeavesTheIndex() throws {
        try fill()
        try AccountBook(fixture.store, cost: .cheap).remove(Name("luke"))
        #expect(try count("SELECT count(*) FROM messages") == 351)
        #expect(try count("SELECT count(*) FROM indexed") == 351)
        #expect(try count("SELECT count(*) FROM words WHERE words MATCH 'old'") == 350)
    }
}
