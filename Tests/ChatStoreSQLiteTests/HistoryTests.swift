import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import ChatStoreSQLite

@Suite struct HistoryTests {
    private let fixture: StoreFixture
    private let yoda = StoreFixture.yoda
    private let luke = StoreFixture.luke
    private let hans = StoreFixture.hans

    init() throws { fixture = try StoreFixture() }

    /// Luke joined the group after its first message; hans is in no group.
    private func fill(_ probe: WriterProbe) throws {
        let jedi = Group(
            id: GroupID(rawValue: 1), name: try Name("jedi"), founder: yoda, isOpen: true, created: StoreFixture.start, members: [yoda])
        let group = ChatMessage.Target.group(jedi.id, jedi.name)
        let lukes = ChatMessage.Target.user(luke, try Name("luke"))
        let results = probe.store([
            .groupCreated(jedi), .message(try StoreFixture.message(10, from: yoda, "Yoda", to: group, "The secret plans")),
            .memberJoined(jedi.id, luke, after: MessageID(rawValue: 10)),
            .message(try StoreFixture.message(11, from: yoda, "Yoda", to: group, "plans for the café")),
            .message(try StoreFixture.message(12, from: yoda, "Yoda", to: lukes, "my plans")),
            .message(try StoreFixture.message(13, from: luke, "luke", to: .user(yoda, Name("Yoda")), "which plans?")),
            .message(try StoreFixture.message(14, from: hans, "hans", to: lukes, "Plans are for others")),
            .message(try StoreFixture.message(15, from: hans, "hans", to: .user(yoda, Name("Yoda")), "hans to yoda: plans")),
        ])
        #expect(!results.contains { $0 != true })
    }

    private func waitUntilIndexed(_ last: Int64) throws {
        let deadline = Date(timeIntervalSinceNow: 20)
        while try fixture.store.pool.read({ try Int64.fetchOne($0, sql: "SELECT value FROM counters WHERE name = 'last_indexed'") }) != last
        {
            try #require(Date() < deadline, "not indexed in time")
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    private func texts(_ account: AccountID, _ query: HistoryQuery) throws -> [String] {
        try fixture.store.history(account, query).map(\.text)
    }

    /// The clock was a year ahead for a moment. The ids since then do not tell the time, and the query is by time.
    @Test func byTimeWhileIdsRunAheadOfTheClock() throws {
        let year: Int64 = 365 * 86_400_000
        let (lukes, hanses) = (ChatMessage.Target.user(luke, try Name("luke")), ChatMessage.Target.user(hans, try Name("hans")))
        var source = MessageIDSource()
        func write(_ text: String, to target: ChatMessage.Target, at milliseconds: Int64) throws -> Written {
            let time = StoreFixture.start.adding(milliseconds: milliseconds)
            return .message(
                ChatMessage(id: source.next(at: time), time: time, sender: yoda, senderName: try Name("Yoda"), target: target, text: text))
        }
        func range(after: Int64? = nil, before: Int64? = nil, latest: Bool, _ limit: Int = 9) -> HistoryRange {
            let (after, before) = (after.map(StoreFixture.start.adding), before.map(StoreFixture.start.adding))
            return HistoryRange(
                after: after.map { MessageID.range(at: $0).upperBound }, before: before.map { MessageID.range(at: $0).lowerBound },
                laterThan: after, earlierThan: before, takesLatest: latest, limit: limit)
        }
        let probe = WriterProbe(fixture.store)
        #expect(
            !probe.store([
                try write("a", to: lukes, at: 1), try write("to hans", to: hanses, at: 2), try write("ahead", to: lukes, at: year),
                try write("b", to: lukes, at: 1000), try write("c", to: lukes, at: 2000), try write("d", to: lukes, at: 3000),
            ]).contains { $0 != true })
        probe.stop()
        #expect(try texts(luke, .user(yoda, range(before: 2001, latest: true))) == ["a", "b", "c"])
        #expect(try texts(luke, .user(yoda, range(before: 2000, latest: true, 1))) == ["b"])
        #expect(try texts(luke, .user(yoda, range(after: 1000, latest: false))) == ["ahead", "c", "d"])
        #expect(try texts(luke, .user(yoda, range(after: 1, before: 3000, latest: false))) == ["b", "c"])
        #expect(try texts(luke, .user(yoda, range(after: 0, before: year + 1, latest: true))) == ["a", "ahead", "b", "c", "d"])
        // A client that asks for what it missed until now learns of the conversation.
        func targets(_ range: HistoryRange) throws -> [String] { try fixture.store.conversations(of: yoda, range).map(\.name) }
        #expect(try targets(range(after: 2, before: 3001, latest: false)) == ["luke"])
        #expect(try targets(range(after: 0, before: 3001, latest: false)) == ["hans", "luke"])
        #expect(try targets(range(after: 3001, before: year, latest: false)) == [])
    }

    @Test func rangesOfConversations() throws {
        let probe = WriterProbe(fixture.store)
        try fill(probe)
        probe.stop()
        let group = GroupID(rawValue: 1)
        let latest = HistoryRange(takesLatest: true, limit: 10)
        #expect(try texts(yoda, .group(group, latest)) == ["The secret plans", "plans for the café"])
        #expect(try texts(luke, .group(group, latest)) == ["plans for the café"], "not what was said before he joined")
        #expect(try texts(hans, .group(group, latest)) == [])
        #expect(try texts(luke, .user(yoda, latest)) == ["my plans", "which plans?"])
        #expect(try texts(yoda, .user(luke, HistoryRange(takesLatest: true, limit: 1))) == ["which plans?"])
        #expect(try texts(yoda, .user(luke, HistoryRange(takesLatest: false, limit: 1))) == ["my plans"])
        #expect(
            try texts(yoda, .user(luke, HistoryRange(after: MessageID(rawValue: 12), takesLatest: false, limit: 9))) == ["which plans?"])
        #expect(try texts(yoda, .user(luke, HistoryRange(before: MessageID(rawValue: 13), takesLatest: true, limit: 9))) == ["my plans"])
        let message = try #require(try fixture.store.history(luke, .user(yoda, latest)).last)
        #expect(message.target == .user(yoda, try Name("Yoda")) && message.senderName.text == "luke")
    }

    @Test func aSearchFindsWhatTheAccountCanSee() throws {
        let probe = WriterProbe(fixture.store)
        try fill(probe)
        try waitUntilIndexed(15)
        #expect(try texts(luke, .search("plans", limit: 10)) == ["plans for the café", "my plans", "which plans?", "Plans are for others"])
        #expect(try texts(luke, .search("plans", limit: 2)) == ["which plans?", "Plans are for others"], "the latest")
        #expect(try texts(yoda, .search("SECRET plans", limit: 10)) == ["The secret plans"], "all words, whatever their case")
        #expect(try texts(yoda, .search("cafe", limit: 10)) == ["plans for the café"])
        for nothing in ["", "\"", "* OR", "NEAR(", "unheard", "(", "plans unheard", "\"\"", "- !", "\"plans\" NOT secret"] {
            #expect(try texts(hans, .search(nothing, limit: 10)) == [], "\(nothing)")
        }
        probe.stop()
    }

    /// As many prefixes as a line holds. Each makes SQLite collect every message.
    @Test func aSearchThatTakesTooLongIsStopped() throws {
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(luke, try Name("luke"))
        let words = (0..<400).map { number in (0..<8).map { "w\(number)x\($0)" }.joined(separator: " ") }
        let writes = try words.enumerated().map {
            Written.message(try StoreFixture.message(Int64($0.offset + 1), from: yoda, "Yoda", to: target, $0.element))
        }
        #expect(!probe.store(writes).contains { $0 != true })
        try waitUntilIndexed(400)
        probe.stop()
        let broad = HistoryQuery.search(Array(repeating: "w*", count: 500).joined(separator: " "), limit: 10)
        #expect(throws: DatabaseError.self) { try fixture.store.history(luke, broad, searchTime: .nanoseconds(1)) }
        #expect(try texts(luke, .search("w399x7", limit: 10)) == [words[399]], "the next one is nobody's loss")
        #expect(try fixture.store.history(luke, broad, searchTime: .seconds(60)).count == 10)
    }

    /// However many searches of one account wait, another account's is the next but one.
    @Test func accountsTakeTurnsAtSearching() throws {
        let order = NIOLockedValueBox<[UInt64]>([])
        let (allAsked, answered) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let reader = try StoreReader(fixture.store) { reports in
            guard case .found(let requestID, .messages)? = reports.first else { return }
            let place = order.withLockedValue { order in
                order.append(requestID.rawValue)
                return order.count
            }
            if place == 1 { allAsked.wait() }
            answered.signal()
        }
        try reader.start()
        for number in 1...10 { reader.read(RequestID(rawValue: UInt64(number)), .history(yoda, .search("plans", limit: 10))) }
        reader.read(RequestID(rawValue: 99), .history(luke, .search("plans", limit: 10)))
        allAsked.signal()
        for _ in 1...11 { #expect(answered.wait(timeout: .now() + 20) == .success) }
        reader.stop()
        #expect(order.withLockedValue { $0.firstIndex(of: 99) ?? 11 } <= 2)
    }

    @Test func whoHasTooManySearchesWaitingIsToldSo() throws {
        let refused = NIOLockedValueBox(0)
        let (allAsked, answered) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let reader = try StoreReader(fixture.store) { reports in
            if case .found(_, .searchBusy)? = reports.first { return refused.withLockedValue { $0 += 1 } }
            allAsked.wait()
            answered.signal()
        }
        try reader.start()
        for number in 1...40 { reader.read(RequestID(rawValue: UInt64(number)), .history(yoda, .search("plans", limit: 10))) }
        let count = refused.withLockedValue { $0 }
        #expect((40 - Limits.sessionsPerAccount - 1...40 - Limits.sessionsPerAccount).contains(count))
        for _ in count..<40 { allAsked.signal() }
        for _ in count..<40 { #expect(answered.wait(timeout: .now() + 20) == .success) }
        reader.stop()
    }

    @Test func whatIsTypedIsWordsAndNeverSyntax() throws {
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(luke, try Name("luke"))
        let said = [
            "The quick brown fox", "brown and quick", "quick brown", "Crème brûlée, NAÏVE Ångström", "text:column OR NEAR (a b)",
            "e-mail me",
            "don't", "東京 へ", "über alles", "C++ & C#", "12,5 %", "foxes",
        ]
        let writes = try said.enumerated().map {
            Written.message(try StoreFixture.message(Int64($0.offset + 1), from: yoda, "Yoda", to: target, $0.element))
        }
        #expect(!probe.store(writes).contains { $0 != true })
        try waitUntilIndexed(Int64(said.count))
        probe.stop()
        let cases: [(String, [Int])] = [
            ("quick brown", [0, 1, 2]), ("\"quick brown\"", [0, 2]), ("\"quick brown", [0, 2]), ("\"brown quick\"", []),
            ("\"quick brown\" fox", [0]), ("creme brulee", [3]), ("CRÈME", [3]), ("cre\u{300}me", [3]), ("naive angstrom", [3]),
            ("uber", [8]), ("text:column", [4]), ("OR", [4]), ("near", [4]), ("a AND b", []), ("e-mail", [5]), ("mail-e", []),
            ("don't", [6]), ("東京", [7]), ("fox", [0]), ("fox*", [0, 11]), ("fo *", []), ("*", []), ("C#", [9]), ("12,5", [10]),
            ("^the", [0]), ("quick -brown", [0, 1, 2]), ("{text}: quick", []), ("\"quick\"\"brown\"", [0, 1, 2]), ("qu\0ick", []),
            ("(quick OR brown)", []), ("quick + brown", [0, 1, 2]), ("'; DROP TABLE messages; --", []),
        ]
        for (words, expected) in cases {
            #expect(try texts(luke, .search(words, limit: 10)) == expected.map { said[$0] }, "\(words)")
        }
        // As many words as a line can hold are no error.
        let many = String(repeating: "quick ", count: 700)
        #expect(try texts(luke, .search(many, limit: 10)).count == 3)
    }

    /// Random text of FTS5's syntax characters is no error.
    @Test(arguments: 0..<UInt64(20)) func noTextIsAnError(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "\"", "*", "(", ")", "NEAR", "AND", "OR", "NOT", "^", "+", "-", ":", "{", "}", ",", " ", "plans", "é", "\0", "\u{202E}", "text",
        ]
        for _ in 0..<50 {
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            #expect(throws: Never.self, "\(text.debugDescription)") { try fixture.store.history(yoda, .search(text, limit: 3)) }
        }
    }

    @Test func aroundAMessageAndTheListOfConversations() throws {
        let probe = WriterProbe(fixture.store)
        try fill(probe)
        let target = ChatMessage.Target.user(hans, try Name("hans"))
        let more = try (100..<120).map { Written.message(try StoreFixture.message($0, from: luke, "luke", to: target, "\($0)")) }
        #expect(!probe.store(more).contains { $0 != true })
        probe.stop()
        func around(_ id: Int64, _ limit: Int) throws -> [Int64] {
            let id = MessageID(rawValue: id)
            return try fixture.store.history(hans, .user(luke, HistoryRange(around: id...id, limit: limit))).map(\.id.rawValue)
        }
        #expect(try around(110, 5) == [108, 109, 110, 111, 112])
        #expect(try around(110, 4) == [109, 110, 111, 112])
        #expect(try around(119, 4) == [116, 117, 118, 119])
        #expect(try around(1, 3) == [14])
        #expect(try around(110, 1) == [110])
        #expect(try around(.max, 3) == [117, 118, 119], "whoever asks names any number")
        func targets(_ account: AccountID, _ range: HistoryRange) throws -> [String] {
            try fixture.store.conversations(of: account, range).map { "\($0.name) \($0.latest.rawValue)" }
        }
        let all = HistoryRange(takesLatest: false, limit: 9)
        #expect(try targets(luke, all) == ["#jedi 11", "Yoda 13", "hans 119"])
        #expect(try targets(yoda, all) == ["#jedi 11", "luke 13", "hans 15"])
        #expect(try targets(hans, all) == ["Yoda 15", "luke 119"])
        #expect(try targets(luke, HistoryRange(takesLatest: true, limit: 1)) == ["hans 119"])
        let middle = HistoryRange(after: MessageID(rawValue: 11), before: MessageID(rawValue: 119), takesLatest: false, limit: 9)
        #expect(try targets(luke, middle) == ["Yoda 13"])
        try AccountBook(fixture.store, cost: .cheap).remove(Name("hans"))
        #expect(try targets(luke, all) == ["#jedi 11", "Yoda 13"])
    }

    /// Messages that an earlier server committed and did not index are indexed by the next one, each once.
    @Test func theIndexCatchesUpAfterAStart() throws {
        let first = WriterProbe(fixture.store)
        try fill(first)
        first.stop()
        try fixture.store.pool.write { db in
            try db.execute(sql: "UPDATE counters SET value = 11 WHERE name = 'last_indexed'")
            try db.execute(sql: "INSERT INTO words(words) VALUES('delete-all')")
            try db.execute(sql: "DELETE FROM indexed")
            for number in 100..<1000 {
                try db.execute(sql: "INSERT INTO messages VALUES(1, ?, 0, 1, 0, 'bulk number' || ?)", arguments: [number, number])
            }
            try db.execute(sql: "UPDATE counters SET value = 999 WHERE name = 'last_message'")
        }
        let second = WriterProbe(fixture.store)
        try waitUntilIndexed(999)
        let results = second.store([
            .message(try StoreFixture.message(1001, from: yoda, "Yoda", to: .user(luke, Name("luke")), "fresh plans"))
        ])
        #expect(results == [true])
        try waitUntilIndexed(1001)
        second.stop()
        #expect(try texts(luke, .search("plans", limit: 10)) == ["my plans", "which plans?", "Plans are for others", "fresh plans"])
        let indexed = try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM indexed") }
        #expect(indexed == 905)
    }
}
