import ChatProtocol
import ChatStore
import EngineConformance
import Testing

@Suite struct MemoryEngineTests {
    @Test(arguments: EngineConformance.all) func itIsAnEngine(_ rule: EngineConformance) throws {
        try rule.run(on: MemoryStore().engine)
    }
}

/// A log that survives its engines, and a clock that advances with each reading.
private final class MemoryStore: @unchecked Sendable {
    // Unchecked `Sendable`: it belongs to one test, on whose thread the engine reports.
    private let log: MemoryLog
    private var milliseconds: Int64 = 1_700_000_000_000
    private var lastAccount: Int64 = 3

    init() throws {
        var state = StoreState()
        for (index, name) in ["yoda", "luke", "hans"].enumerated() {
            state.accounts.append(Account(id: AccountID(rawValue: Int64(index + 1)), name: try Name(name)))
        }
        log = MemoryLog(state, at: EventTime(wall: Timestamp(milliseconds: 0), uptime: 0))
    }

    private var now: EventTime {
        milliseconds += 1
        return EventTime(wall: Timestamp(milliseconds: milliseconds), uptime: milliseconds)
    }

    var engine: EngineUnderTest {
        EngineUnderTest(
            open: { MemoryEngine(self.log) { self.now } }, setFull: { self.log.isFull = $0 }, other: { try self.carryOut($0) })
    }

    private func carryOut(_ deed: EngineUnderTest.Deed) throws {
        switch deed {
        case .add(let name):
            lastAccount += 1
            log.append(.accountSet(Account(id: AccountID(rawValue: lastAccount), name: try Name(name))), at: now)
        case .block(let name):
            let account = try #require(log.directory.account(named: name))
            log.append(.accountSet(Account(id: account.id, name: account.name, isBlocked: true)), at: now)
        case .remove(let name): log.append(.accountRemoved(try #require(log.directory.account(named: name)).id), at: now)
        }
    }
}
