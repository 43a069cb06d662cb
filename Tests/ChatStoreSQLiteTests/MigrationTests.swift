import ChatProtocol
import ChatStore
import Foundation
import GRDB
import SystemSupport
import TestSupport
import Testing

@testable import ChatStoreSQLite

/// Migrations of stores that released versions wrote, from the output of `sqlite3 chatty.db .dump`.
@Suite(.longComputation) struct MigrationTests {
    private static func dump(_ version: Int) throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/store-\(version).sql")
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// A folder with the store of a version, as its server left it.
    private static func folder(_ version: Int, in temporary: TemporaryFolder) throws -> DataFolder {
        let folder = DataFolder(temporary.file("data"))
        try folder.prepare()
        let queue = try DatabaseQueue(path: folder.database)
        try queue.writeWithoutTransaction { try $0.execute(sql: dump(version)) }
        try queue.close()
        return folder
    }

    private static func schema(_ db: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    }

    @Test(arguments: [1]) func everythingOfAnOlderStoreIsThere(version: Int) throws {
        let temporary = try TemporaryFolder()
        let folder = try Self.folder(version, in: temporary)
        let before = try Data(contentsOf: URL(filePath: folder.database))
        let store = try Store(folder)
        let state = try store.loadState()
        #expect(state.accounts.map(\.name.text) == ["yoda", "luke", "hans"])
        let (yoda, luke, hans) = (AccountID(rawValue: 1), AccountID(rawValue: 2), AccountID(rawValue: 3))
        #expect(state.groups.map(\.name.text) == ["jedi"])
        #expect(state.groups.first?.members == [yoda, luke] && state.groups.first?.invited == [hans: yoda])
        #expect(state.lockOuts.map(\.name) == ["hans"] && state.lockOuts.map(\.failures) == [2])
        let sinceLast = EventTime.now.wall.milliseconds - (state.lockOuts.first?.last.milliseconds ?? 0)
        #expect((-1000..<600_000).contains(sinceLast), "nobody has kept when: not before now")
        #expect(state.sent.map(\.nonce) == ["once"] && state.readMarkers.isEmpty)
        #expect(try store.missed(luke, after: state.cursors[luke]?.reached ?? .zero, limit: 9).map(\.text) == ["while you were away"])
        // The index is rebuilt, as a server does in the background.
        try store.pool.writeWithoutTransaction { db in
            var index = try SearchIndex(db)
            while !index.isIdle { try index.work(db) }
        }
        #expect(try store.history(yoda, .search("cafe", limit: 9)).map(\.text) == ["Do or do not, there is no café."])
        #expect(try store.history(yoda, .user(luke, HistoryRange(takesLatest: true, limit: 9))).count == 3)
        let token = ResumeToken("chatty-resume-00e5629baa8fa6bdbce4580206e4046a2b8ca9324e69e3cf65caf410357e31ca")
        #expect(try store.findToken(Array(token.hash), of: luke, at: Timestamp(milliseconds: 1_795_553_921_736)) == 0)
        #expect(try PasswordHash(store.password(of: yoda)?.hash ?? "")?.matches("wise") == true)
        // The store equals a new one, and is writable.
        let fresh = try StoreFixture()
        #expect(try store.pool.read(Self.schema) == fresh.store.pool.read(Self.schema))
        let probe = WriterProbe(store)
        #expect(probe.store([.readMarker(luke, .user(yoda), Timestamp(milliseconds: 5))]) == [true])
        probe.stop()
        try store.close()

        // The back-up is the unchanged store, for the version that wrote it.
        let copy = folder.database + ".before-\(version + 1)"
        let mode = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let (old, again) = (try DatabaseQueue(path: copy), try DatabaseQueue())
        try again.writeWithoutTransaction { try $0.execute(sql: Self.dump(version)) }
        #expect(try old.read(Self.schema) == again.read(Self.schema))
        #expect(try old.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM messages") } == 4)
        #expect(try old.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        #expect(before.count > 0)

        // The next start changes nothing and makes no further back-up.
        let stamp = try FileManager.default.attributesOfItem(atPath: copy)[.modificationDate] as? Date
        #expect(try Store(folder).loadState().readMarkers == [luke: [.user(yoda): Timestamp(milliseconds: 5)]])
        #expect(try FileManager.default.attributesOfItem(atPath: copy)[.modificationDate] as? Date == stamp)
    }

    /// Migrates the store of the preceding release: nothing is lost, new columns are filled from old ones, and later entries continue the
    /// order.
    @Test func theStoreBeforeIsThereWhole() throws {
        let temporary = try TemporaryFolder()
        let folder = try Self.folder(5, in: temporary)
        let store = try Store(folder)
        let (yoda, luke, leia) = (AccountID(rawValue: 1), AccountID(rawValue: 2), AccountID(rawValue: 4))
        let (first, last) = (MessageID(rawValue: 3_766_537_767_408_893_952), MessageID(rawValue: 3_766_537_777_275_994_112))
        let state = try store.loadState()
        #expect(state.accounts.map(\.name.text) == ["yoda", "luke", "hans", "leia"])
        #expect(state.groups.map(\.members) == [[yoda, luke]] && state.groups.first?.invited == [leia: yoda])
        #expect(state.position == last && state.lastGroup == GroupID(rawValue: 1))
        #expect(state.sent.map(\.nonce) == ["once"] && state.lockOuts.map(\.failures) == [2])
        #expect(state.readMarkers == [luke: [.user(yoda): Timestamp(milliseconds: 1_793_491_200_000)]])
        let lost = MessageRange(after: .zero, upTo: MessageID(rawValue: 3_766_537_772_031_016_960))
        #expect(state.cursors[luke] == DeliveryCursor(reached: .zero, undelivered: [.init(lost, client: nil)]))
        #expect(
            try store.missed(luke, after: .zero, limit: 9).map(\.text) == ["a word", "while you were away"], "none from before he joined")
        #expect(try store.missed(yoda, after: .zero, ownAfter: .zero, limit: 9).first?.id == first)
        let fresh = try StoreFixture()
        #expect(try store.pool.read(Self.schema) == fresh.store.pool.read(Self.schema))
        // The order continues from there.
        let probe = WriterProbe(store)
        let outcomes = probe.propose([
            .joinGroup(GroupID(rawValue: 1), leia),
            try StoreFixture.draft(from: leia, "leia", to: .group(GroupID(rawValue: 1), Name("jedi")), "here"),
        ])
        #expect(outcomes.allSatisfy { ($0?.entry?.position ?? .zero) > last })
        probe.stop()
        try store.close()
        // The release before can use the back-up.
        let old = try DatabaseQueue(path: folder.database + ".before-6")
        #expect(try old.read { try String.fetchAll($0, sql: "SELECT identifier FROM grdb_migrations") } == ["1", "2", "3", "4", "5"])
        #expect(try old.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM messages") } == 4)
    }

    /// A released migration never changes.
    @Test func theFirstSchemaIsTheReleasedOne() throws {
        let (made, released) = (try DatabaseQueue(), try DatabaseQueue())
        try StoreSchema.migrator.migrate(made, upTo: "1")
        try released.writeWithoutTransaction { try $0.execute(sql: Self.dump(1)) }
        #expect(try made.read(Self.schema) == released.read(Self.schema))
    }

    @Test func anOlderStoreInUseByAnotherServerIsLeftAlone() throws {
        let temporary = try TemporaryFolder()
        let folder = try Self.folder(1, in: temporary)
        // The lock belongs to an open file description, so this process can hold it under another's pid.
        let lock = try DataFolderLock(folder)
        try Data("4711\n".utf8).write(to: URL(filePath: folder.lockFile), options: [])
        #expect(
            throws: UserFacingError(
                "The database in \(folder.path) has an older format and is in use by the server with pid 4711. Stop that server first.")
        ) {
            try Store(folder)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.database + ".before-2"))
        lock.release()
    }
}
