import ChatProtocol
import ChatStore
import Testing

@testable import ChatStoreSQLite

@Suite struct SearchBacklogTests {
    /// More text than may wait in memory, before any of it is indexed. The rest is read from the table.
    @Test func moreThanMayWaitIsFoundAllTheSame() throws {
        let fixture = try StoreFixture()
        var index = try fixture.store.pool.writeWithoutTransaction(SearchIndex.init)
        var applier = StoreApplier()
        let long = String(repeating: "x", count: 4000)
        let count = Int64(SearchIndex.maximumWaitingBytes / 4000 + 20)
        let messages = try (1...count).map {
            try StoreFixture.message($0, from: StoreFixture.yoda, "yoda", to: .user(StoreFixture.luke, Name("luke")), "word\($0) \(long)")
        }
        try fixture.store.pool.write { db in
            for message in messages { index.add(message, conversation: try applier.insert(message, db)) }
            try db.execute(sql: "UPDATE counters SET value = ? WHERE name = 'last_message'", arguments: [count])
        }
        #expect(index.waitingTextBytes == 0, "they wait no longer, but are to be read again")
        try fixture.store.pool.writeWithoutTransaction { db in while !index.isIdle { try index.work(db) } }
        for number in [1, count / 2, count] {
            let found = try fixture.store.history(
                StoreFixture.luke, .search("word\(number)", limit: 10), searchTime: .seconds(20))
            #expect(found.map(\.id.rawValue) == [number])
        }
        // Later messages wait in memory again.
        index.add(messages[0], conversation: 1)
        #expect(index.waitingTextBytes == messages[0].text.utf8.count)
    }
}
