import ChatHub
import ChatProtocol
import Foundation
import GRDB
import Testing

@testable import ChatServer

@Suite struct StoreTests {
    @Test func whatIsWrittenIsTheStateOfTheNextStart() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let jedi = Group(
            id: GroupID(rawValue: 4), name: try Name("Jedi"), founder: StoreFixture.yoda, isOpen: false, created: StoreFixture.start,
            members: [StoreFixture.yoda], invited: [StoreFixture.luke, StoreFixture.hans])
        let message = try StoreFixture.message(77, from: StoreFixture.yoda, "Yoda", to: .user(StoreFixture.luke, Name("luke")), "hi")
        let debt = MessageRange(after: MessageID(rawValue: 50), upTo: MessageID(rawValue: 55))
        let mark = DeliveryCursor(
            reached: MessageID(rawValue: 60),
            debts: [.init(debt, client: "c"), .init(MessageRange(after: debt.upTo, upTo: MessageID(rawValue: 58)), client: nil)])
        let results = probe.store([
            .groupCreated(jedi), .memberJoined(jedi.id, StoreFixture.luke, after: MessageID(rawValue: 5)), .message(message),
            .lockOut(.init(name: "e", failures: 3, blockedUntil: StoreFixture.start, last: StoreFixture.start)),
            .lockOut(.init(name: "f", failures: 1, blockedUntil: nil, last: StoreFixture.start)), .lockOutsEnded(["f", "g"]),
            .cursors([StoreFixture.luke: DeliveryCursor(reached: MessageID(rawValue: 70), debts: [.init(debt, client: nil)])]),
            .cursors([StoreFixture.luke: mark]), .loggedIn(StoreFixture.luke, at: StoreFixture.start),
            .readMarker(StoreFixture.luke, .user(StoreFixture.yoda), StoreFixture.start),
            .readMarker(StoreFixture.luke, .user(StoreFixture.yoda), StoreFixture.start.adding(milliseconds: -1)),
            .readMarker(StoreFixture.luke, .group(jedi.id), StoreFixture.start),
            .readMarker(StoreFixture.luke, .group(jedi.id), StoreFixture.start.adding(milliseconds: 1)),
        ])
        #expect(results == Array(repeating: true, count: 13))
        probe.writer.stop()
        try fixture.store.close()

        let state = try Store(fixture.folder).loadState()
        #expect(state.accounts.map(\.name.text) == ["Yoda", "luke", "hans"])
        var expected = jedi
        expected.members = [StoreFixture.yoda, StoreFixture.luke]
        expected.invited = [StoreFixture.hans]
        #expect(state.groups == [expected])
        #expect(state.lockOuts == [HubState.LockOut(name: "e", failures: 3, blockedUntil: StoreFixture.start, last: StoreFixture.start)])
        #expect(state.cursors == [StoreFixture.luke: mark])
        #expect(state.lastMessage == MessageID(rawValue: 77))
        #expect(state.lastGroup == jedi.id)
        #expect(
            state.readMarkers == [
                StoreFixture.luke: [
                    .user(StoreFixture.yoda): StoreFixture.start, .group(jedi.id): StoreFixture.start.adding(milliseconds: 1),
                ]
            ], "only forward")
    }

    /// Two sessions of an account join at once: what was said in between is for both.
    @Test func whoJoinsTwiceHasJoinedOnce() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let jedi = Group(
            id: GroupID(rawValue: 4), name: try Name("Jedi"), founder: StoreFixture.yoda, isOpen: true, created: StoreFixture.start,
            members: [StoreFixture.yoda])
        let said = try StoreFixture.message(6, from: StoreFixture.yoda, "Yoda", to: .group(jedi.id, jedi.name), "between")
        let luke = StoreFixture.luke
        _ = probe.store([
            .groupCreated(jedi), .memberJoined(jedi.id, luke, after: MessageID(rawValue: 5)), .message(said),
            .memberJoined(jedi.id, luke, after: MessageID(rawValue: 6)),
        ])
        #expect(try fixture.store.missed(luke, after: .zero, limit: 9).map(\.text) == ["between"])
        _ = probe.store([.memberLeft(jedi.id, luke), .memberJoined(jedi.id, luke, after: MessageID(rawValue: 6))], firstTicket: 9)
        #expect(try fixture.store.missed(luke, after: .zero, limit: 9).isEmpty, "who left has joined anew")
        probe.writer.stop()
    }

    /// Who copies the one file of a server that has been stopped has everything.
    @Test func aStoppedServerLeavesOneFile() async throws {
        let running = try await RunningServer()
        let yoda = try await running.logIn("yoda")
        try await yoda.send("PRIVMSG luke :in the one file\r\n")
        try await yoda.expect("PRIVMSG luke :in the one file\r\n")
        let luke = try await running.logIn("luke")
        try await luke.expect("PRIVMSG luke :in the one file\r\n")
        try await running.server.stop()
        let files = try FileManager.default.contentsOfDirectory(atPath: running.temporary.file("data"))
        #expect(files.filter { $0.hasPrefix("chatty.db") } == ["chatty.db"])
        let copy = try DatabaseQueue(path: running.temporary.file("data/chatty.db"))
        #expect(try await copy.read { try String.fetchOne($0, sql: "SELECT text FROM messages") } == "in the one file")
    }

    /// Its name is free at once; what was said in it is nobody's to read, and stays what its senders have said.
    @Test func aGroupThatIsGoneLeavesNothingToALaterOne() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let (yoda, luke) = (StoreFixture.yoda, StoreFixture.luke)
        func jedi(_ id: Int64, _ founder: AccountID) throws -> Group {
            Group(
                id: GroupID(rawValue: id), name: try Name("jedi"), founder: founder, isOpen: true, created: StoreFixture.start,
                members: [founder], invited: [StoreFixture.hans])
        }
        let first = try jedi(1, yoda)
        let said = try StoreFixture.message(6, from: yoda, "Yoda", to: .group(first.id, first.name), "secret")
        #expect(
            probe.store([
                .groupCreated(first), .message(said), .readMarker(yoda, .group(first.id), StoreFixture.start), .memberLeft(first.id, yoda),
                .groupRemoved(first.id),
            ]).allSatisfy { $0 == true })
        // Its number is not used again, however the server is started.
        let state = try fixture.store.loadState()
        #expect(state.groups.isEmpty && state.lastGroup == first.id && state.readMarkers.isEmpty)
        #expect(probe.store([.groupCreated(try jedi(2, luke))], firstTicket: 9) == [true])
        #expect(try fixture.store.loadState().groups.map(\.id.rawValue) == [2])
        let second = GroupID(rawValue: 2)
        #expect(try fixture.store.history(luke, .group(second, HistoryRange(takesLatest: true, limit: 9))).isEmpty)
        #expect(try fixture.store.history(luke, .search("secret", limit: 9)).isEmpty)
        #expect(try fixture.store.missed(luke, after: .zero, limit: 9).isEmpty)
        // A group whose removal could not be kept gives its name away all the same, and is not there after a start.
        #expect(probe.store([.memberLeft(second, luke)], firstTicket: 10) == [true])
        #expect(try fixture.store.loadState().groups.isEmpty)
        #expect(probe.store([.groupCreated(try jedi(3, yoda))], firstTicket: 11) == [true])
        // Nothing was said in it: there is nothing of it any more.
        #expect(try fixture.store.pool.read { try String.fetchAll($0, sql: "SELECT folded FROM groups ORDER BY id") } == ["-1", "jedi"])
        probe.writer.stop()
        var lines: [String] = []
        try AccountBook(fixture.store).export(Name("yoda")) { line in
            lines.append(line)
            return true
        }
        #expect(lines.count { $0.contains("\"to\":\"#jedi\",\"text\":\"secret\"") } == 1 && lines.count { $0.contains("\"group\"") } == 1)
        // Nor does one outlive the account of its last member.
        try AccountBook(fixture.store).remove(Name("yoda"))
        #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM invitations") } == 0)
        #expect(
            try fixture.store.pool.read { try String.fetchAll($0, sql: "SELECT folded FROM groups ORDER BY id") } == ["-1", "-3"])
    }

    /// Its number is not used again all the same, however the server is started.
    @Test func aGroupInWhichNothingWasSaidLeavesNoRow() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        for id in [Int64(1), 2] {
            let group = GroupID(rawValue: id)
            let made = Group(
                id: group, name: try Name("jedi"), founder: StoreFixture.yoda, isOpen: true, created: StoreFixture.start,
                members: [StoreFixture.yoda])
            #expect(
                probe.store(
                    [.groupCreated(made), .memberLeft(group, StoreFixture.yoda), .groupRemoved(group)], firstTicket: UInt64(id) * 9
                ).allSatisfy { $0 == true })
        }
        probe.writer.stop()
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
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        let messages = try (1...3).map { try StoreFixture.message($0, from: StoreFixture.yoda, "Yoda", to: target, "\($0)") }
        let results = probe.store([
            .message(messages[0]), .message(messages[1]), .message(messages[1]), .message(messages[2]),
        ])
        #expect(results == [true, true, false, true])
        #expect(probe.reportedFailures.isEmpty, "a doubled message is not the store's failure")
        #expect(probe.notices == ["The database refused one change: UNIQUE constraint failed: messages.conversation, messages.id."])
        #expect(try fixture.store.missed(StoreFixture.luke, after: .zero, limit: 10).map(\.text) == ["1", "2", "3"])
        probe.writer.stop()
    }

    @Test func aFullStoreRefusesAndRecoversWithoutARestart() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        let kept = try StoreFixture.message(1, from: StoreFixture.yoda, "Yoda", to: target, "kept")
        #expect(probe.store([.message(kept)]) == [true])
        try setPageLimit(1, fixture.store)
        let big = String(repeating: "x", count: 4000)
        let refused = try (2...9).map { try StoreFixture.message($0, from: StoreFixture.yoda, "Yoda", to: target, big) }
        let results = probe.store(refused.map { .message($0) }, firstTicket: 2)
        #expect(results.contains(false) && !results.contains(nil))
        #expect(probe.reportedFailures.count == 1)
        let acknowledged = zip(refused, results).filter { $0.1 == true }.map(\.0.id)
        #expect(try fixture.store.missed(StoreFixture.luke, after: .zero, limit: 99).map(\.id) == [kept.id] + acknowledged)
        try setPageLimit(1_000_000, fixture.store)
        let later = try StoreFixture.message(20, from: StoreFixture.yoda, "Yoda", to: target, big)
        #expect(probe.store([.message(later)], firstTicket: 20) == [true])
        probe.writer.stop()
        #expect(probe.reportedFailures.last == .some(nil), "that it works again is told")
    }

    private func setPageLimit(_ pages: Int, _ store: Store) throws {
        _ = try store.pool.writeWithoutTransaction { db in try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)") }
    }

    @Test func aReadOnlyStoreRefusesEachWrite() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        #expect(
            probe.store([
                .lockOut(.init(name: "e", failures: 1, blockedUntil: nil, last: StoreFixture.start)),
                .loggedIn(StoreFixture.yoda, at: .init(milliseconds: 1)),
            ])
                == [false, false])
        try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        #expect(
            probe.store([.lockOut(.init(name: "e", failures: 1, blockedUntil: nil, last: StoreFixture.start))], firstTicket: 5) == [true])
        probe.writer.stop()
    }

    @Test func allThatWaitsIsOneTransaction() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let target = ChatMessage.Target.user(StoreFixture.luke, try Name("luke"))
        let messages = try (1...500).map { try StoreFixture.message($0, from: StoreFixture.yoda, "Yoda", to: target, "\($0)") }
        #expect(!probe.store(messages.map { .message($0) }).contains { $0 != true })
        #expect(probe.batchSizes == [500])
        probe.writer.stop()
    }

    @Test func aChangeByAnotherConnectionIsSeen() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let other = try Store(fixture.folder)
        try AccountBook(other, cost: .cheap).setBlocked(Name("HANS"), true)
        let accounts = try #require(probe.nextAccounts())
        #expect(accounts.first { $0.id == StoreFixture.hans }?.isBlocked == true)
        probe.writer.stop()
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
