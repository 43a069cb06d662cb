import ChatProtocol
import ChatStore
import EngineConformance
import Foundation
import GRDB
import Testing

@testable import ChatStoreSQLite

@Suite struct SQLiteEngineTests {
    @Test(arguments: EngineConformance.all) func itIsAnEngine(_ rule: EngineConformance) throws {
        let fixture = try StoreFixture()
        try fixture.store.pool.write { try $0.execute(sql: "UPDATE accounts SET name = 'yoda' WHERE id = 1") }
        let tools = try Store(fixture.folder)
        let book = AccountBook(tools, cost: .cheap)
        try rule.run(
            on: EngineUnderTest(
                open: { SQLiteEngine(fixture.store) },
                setFull: { isFull in
                    try fixture.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = \(isFull ? 1 : 0)") }
                },
                other: { deed in
                    switch deed {
                    case .add(let name): try book.add([Name(name)], password: "secret", at: EventTime.now.wall)
                    case .block(let name): try book.setBlocked(Name(name), true)
                    case .remove(let name): try book.remove(Name(name))
                    }
                }))
        try tools.close()
        try fixture.store.close()
    }
}
