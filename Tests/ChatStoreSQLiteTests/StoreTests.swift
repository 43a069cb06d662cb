import ChatProtocol
import ChatStore
import Foundation
import GRDB
import Testing

@testable import ChatStoreSQLite

@Suite struct StoreTests {
    @Test func whatIsWrittenIsTheStateOfTheNextStart() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let jedi = Group(
            id: GroupID(rawValue: 4), name: try Name("Jedi"), founder: StoreFixture.yoda, isOpen: false, created: StoreFixture.start,
            members: [StoreFixture.yoda], invited: [StoreFixture.luke: StoreFixture.yoda, StoreFixture.hans: StoreFixture.yoda])
        let message = try StoreFixture.message(77, from: StoreFixture.yoda, "Yoda", to: .user(StoreFixture.luke, Name("luke")), "hi")
        let debt = MessageRange(after: MessageID(rawValue: 50), upTo: MessageID(rawValue: 55))
        let mark = DeliveryCursor(
            reached: MessageID(rawValue: 60),
            undelivered: [.init(debt, client: "c"), .init(MessageRange(after: debt.upTo, upTo: MessageID(rawValue: 58)), client: nil)])
        let results = probe.store([
            .groupCreated(jedi), .memberJoined(jedi.id, StoreFixture.luke, after: MessageID(rawValue: 5)), .message(message),
            .lockOut(.init(name: "e", failures: 3, blockedUntil: StoreFixture.start, last: StoreFixture.start)),
            .lockOut(.init(name: "f", failures: 1, blockedUntil: nil, last: StoreFixture.start)), .lockOutsEnded(["f", "g"]),
            .cursors([StoreFixture.luke: DeliveryCursor(reached: MessageID(rawValue: 70), undelivered: [.init(debt, client: nil)])]),
            .cursors([StoreFixture.luke: mark]), .record(.loggedIn(StoreFixture.luke, at: StoreFixture.start)),
            .readMarker(StoreFixture.luke, .user(StoreFixture.yoda), StoreFixture.start),
            .readMarker(StoreFixture.luke, .group(jedi.id), StoreFixture.start),
            .readMarker(StoreFixture.luke, .group(jedi.id), StoreFixture.start.adding(milliseconds: 1)),
        ])
        #expect(results == Array(repeating: true, count: 12))
        probe.stop()
        try fixture.store.close()

        let state = try Store(fixture.folder).loadState()
        #expect(state.accounts.map(\.name.text) == ["Yoda", "luke", "hans"])
        var expected = jedi
        expected.members = [StoreFixture.yoda, StoreFixture.luke]
        expected.invited = [StoreFixture.hans: StoreFixture.yoda]
        #expect(state.groups == [expected])
        #expect(state.lockOuts == [StoreState.LockOut(name: "e", failures: 3, blockedUntil: StoreFixture.start, last: StoreFixture.start)])
        #expect(state.cursors == [StoreFixture.luke: mark])
        #expect(state.position == MessageID(rawValue: 77))
        #expect(state.lastGroup == jedi.id)
        #expect(
            state.readMarkers == [
                StoreFixture.luke: [
                    .user(StoreFixture.yoda): StoreFixture.start, .group(jedi.id): StoreFixture.start.adding(milliseconds: 1),
                ]
            ])
    }

    /// The name of a removed group is free at once. Nobody can read its messages, and they stay in their senders' exports.
    @Test func aGroupThatIsGoneLeavesNothingToALaterOne() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let (yoda, luke) = (StoreFixture.yoda, StoreFixture.luke)
        func jedi(_ id: Int64, _ founder: AccountID) throws -> Group {
            Group(
                id: GroupID(rawValue: id), name: try Name("jedi"), founder: founder, isOpen: true, created: StoreFixture.start,
                members: [founder], invited: [StoreFixture.hans: founder])
        }
        let first = try jedi(1, yoda)
        let said = try StoreFixture.message(6, from: yoda, "Yoda", to: .group(first.id, first.name), "secret")
        #expect(
            probe.store([
                .groupCreated(first), .message(said), .readMarker(yoda, .group(first.id), StoreFixture.start), .memberLeft(first.id, yoda),
            ]).allSatisfy { $0 == true })
        // The group's number is not used again after a restart.
        let state = try fixture.store.loadState()
        #expect(state.groups.isEmpty && state.lastGroup == first.id && state.readMarkers.isEmpty)
        #expect(probe.store([.groupCreated(try jedi(2, luke))]) == [true])
        #expect(try fixture.store.loadState().groups.map(\.id.rawValue) == [2])
        let second = GroupID(rawValue: 2)
        #expect(try fixture.store.history(luke, .group(second, HistoryRange(takesLatest: true, limit: 9))).isEmpty)
        #expect(try fixture.store.history(luke, .search("secret", limit: 9)).isEmpty)
        #expect(try fixture.store.missed(luke, after: .zero, limit: 9).isEmpty)
        #expect(probe.store([.memberLeft(second, luke)]) == [true])
        #expect(try fixture.store.loadState().groups.isEmpty)
        #expect(probe.store([.groupCreated(try jedi(3, yoda))]) == [true])
        // A group without messages leaves no row.
        #expect(try fixture.store.pool.read { try String.fetchAll($0, sql: "SELECT folded FROM groups ORDER BY id") } == ["-1", "jedi"])
        probe.stop()
        var lines: [String] = []
        try AccountBook(fixture.store).export(Name("yoda")) { line in
            lines.append(line)
            return true
        }
        #expect(lines.count { $0.contains("\"to\":\"#jedi\",\"text\":\"secret\"") } == 1 && lines.count { $0.contains("\"group\"") } == 1)
        // A group does not outlive the account of its last member.
        try AccountBook(fixture.store).remove(Name("yoda"))
        #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM invitations") } == 0)
        #expect(
            try fixture.store.pool.read { try String.fetchAll($0, sql: "SELECT folded FROM groups ORDER BY id") } == ["-1", "-3"])
    }

    /// The group's number is not used again after a restart, even without a row.
    @Test func aGroupInWhichNothingWasSaidLeavesNoRow() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        for id in [Int64(1), 2] {
            let group = GroupID(rawValue: id)
            let made = Group(
                id: group, name: try Name("jedi"), founder: StoreFixture.yoda, isOpen: true, created: StoreFixture.start,
                members: [StoreFixture.yoda])
            #expect(
                probe.store([.groupCreated(made), .memberLeft(group, StoreFixture.yoda)]).allSatisfy { $0 == true })
        }
        probe.stop()
        #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM groups") } == 0)
        #expect(try fixture.store.loadState().lastGroup == GroupID(rawValue: 2))
    }

    @Test func everyCommitReachesTheDisk() throws {
        let fixture = try StoreFixture()
        let (synchronous, mode) = try fixture.store.pool.writeWithoutTransaction { db in
            (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
        }
        #expect(synchronous == 2)
        #expect(mode == "wal")
    }

    @Test func oneBadWriteDoesNotSinkTheOthers() throws {
        let fixture = try StoreFixture()
        try fixture.store.pool.write { db in
            try db.execute(
                sql: """
                    CREATE TRIGGER bad BEFORE INSERT ON messages WHEN new.text = 'bad' BEGIN SELECT raise(ABORT, 'no such text'); END
                    """)
        }
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        let outcomes = probe.propose(
            try ["1", "2", "bad", "3"].map { try StoreFixture.draft(from: StoreFixture.yoda, "Yoda", to: target, $0) })
        #expect(outcomes.map { $0?.entry != nil } == [true, true, false, true] && outcomes[2] == .failed)
        #expect(probe.reportedFailures.isEmpty, "a change that breaks a rule is not the store's failure")
        #expect(probe.notices == ["The database refused one change: no such text."])
        #expect(try fixture.store.missed(StoreFixture.luke, after: .zero, limit: 10).map(\.text) == ["1", "2", "3"])
        probe.stop()
    }

    @Test func aFullStoreRefusesAndRecoversWithoutARestart() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        func say(_ text: String) throws -> Change { try StoreFixture.draft(from: StoreFixture.yoda, "Yoda", to: target, text) }
        let first = probe.propose([try say("kept")])
        try setPageLimit(1, fixture.store)
        let big = String(repeating: "x", count: 4000)
        let outcomes = probe.propose(try (2...9).map { _ in try say(big) })
        #expect(outcomes.contains(.failed) && !outcomes.contains(nil))
        #expect(probe.reportedFailures.count == 1)
        let stored = (first + outcomes).compactMap { $0?.entry?.position }
        #expect(try fixture.store.missed(StoreFixture.luke, after: .zero, limit: 99).map(\.id) == stored)
        try setPageLimit(1_000_000, fixture.store)
        #expect(probe.propose([try say(big)]).first??.entry != nil)
        probe.stop()
        #expect(probe.reportedFailures.last == .some(nil), "that it works again is told")
    }

    /// A refused proposal changes nothing: the group can be created again, and its members are in no group.
    @Test func aRefusedTransactionLeavesNothing() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let create = Change.createGroup(try Name("jedi"), founder: StoreFixture.yoda, isOpen: true, invited: [StoreFixture.luke])
        try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        #expect(probe.propose([create]) == [.failed])
        try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        let outcomes = probe.propose([create, create])
        guard case .groupCreated(let group)? = outcomes[0]?.entry?.content else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(outcomes[1] == .refused(.nameTaken(try Name("jedi"))))
        probe.stop()
        #expect(try fixture.store.loadState().groups == [group])
    }

    private func setPageLimit(_ pages: Int, _ store: Store) throws {
        _ = try store.pool.writeWithoutTransaction { db in try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)") }
    }

    @Test func aReadOnlyStoreRefusesEachWrite() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        let lockOut = Change.record(.lockOut(.init(name: "e", failures: 1, blockedUntil: nil, last: StoreFixture.start)))
        #expect(probe.propose([lockOut, .record(.loggedIn(StoreFixture.yoda, at: .init(milliseconds: 1)))]) == [.failed, .failed])
        try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        #expect(probe.propose([lockOut]).first??.entry != nil)
        probe.stop()
    }

    @Test func allThatWaitsIsOneTransaction() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        let outcomes = probe.propose(
            try (1...500).map { try StoreFixture.draft(from: StoreFixture.yoda, "Yoda", to: target, "\($0)") })
        #expect(outcomes.allSatisfy { $0?.entry != nil })
        #expect(probe.batchSizes == [500])
        probe.stop()
    }

    @Test func aChangeByAnotherConnectionIsSeen() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let other = try Store(fixture.folder)
        try AccountBook(other, cost: .cheap).setBlocked(Name("HANS"), true)
        let entry = try #require(probe.nextOfOthers())
        #expect(entry.content == .accountSet(Account(id: StoreFixture.hans, name: try Name("hans"), isBlocked: true)))
        probe.stop()
    }

    /// An entry of another process comes before a later proposal, and rules it out if they conflict.
    @Test func whatOthersDidComesFirst() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let other = AccountBook(try Store(fixture.folder), cost: .cheap)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        // The proposal follows at once, nearly always before the writer's next periodic read.
        try other.remove(Name("luke"))
        let outcomes = probe.propose([try StoreFixture.draft(from: StoreFixture.yoda, "Yoda", to: target, "too late")])
        #expect(outcomes == [.refused(.noSuchAccount(StoreFixture.luke))])
        probe.stop()
        #expect(probe.others.map(\.content) == [.accountRemoved(StoreFixture.luke)])
        #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM messages") } == 0)
    }

    @Test func aNewerStoreIsRefusedUntouched() throws {
        let fixture = try StoreFixture()
        try fixture.store.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES('from the future')") }
        try fixture.store.close()
        let before = try Data(contentsOf: URL(filePath: fixture.folder.database))
        #expect {
            try Store(fixture.folder)
        } throws: { "\($0)".contains("newer version of chatty") }
        #expect(try Data(contentsOf: URL(filePath: fixture.folder.database)) == before)
    }
}
