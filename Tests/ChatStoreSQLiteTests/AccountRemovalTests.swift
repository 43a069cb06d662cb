import ChatProtocol
import ChatStore
import Foundation
import GRDB
import SystemSupport
import TestSupport
import Testing

@testable import ChatStoreSQLite

@Suite struct AccountRemovalTests {
    private let fixture: StoreFixture
    private let yoda = StoreFixture.yoda
    private let luke = StoreFixture.luke
    private let hans = StoreFixture.hans

    /// Luke is in one group and invited into another, with read markers and 2000 messages, of which he sent every fourth.
    init() throws {
        fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let debt = MessageRange(after: MessageID(rawValue: 3), upTo: MessageID(rawValue: 4))
        var writes: [Written] = [
            .groupCreated(try Self.group(1, "jedi", members: [yoda, luke])),
            .groupCreated(try Self.group(2, "sith", members: [hans], invited: [luke: hans])),
            .readMarker(luke, .user(yoda), StoreFixture.start), .readMarker(luke, .group(GroupID(rawValue: 1)), StoreFixture.start),
            .readMarker(hans, .user(luke), StoreFixture.start), .readMarker(hans, .user(yoda), StoreFixture.start),
            .cursors([luke: DeliveryCursor(reached: MessageID(rawValue: 5), undelivered: [.init(debt, client: "c")])]),
            .token(ResumeToken().grant(to: luke, at: StoreFixture.start)),
            .lockOut(.init(name: "luke", failures: 1, blockedUntil: nil, last: StoreFixture.start)),
        ]
        for number in 1...Int64(2000) {
            let other = number.isMultiple(of: 2) ? (id: yoda, name: try Name("Yoda")) : (id: hans, name: try Name("hans"))
            let own = (id: luke, name: try Name("luke"))
            let (from, to) = number % 8 < 2 ? (own, other) : (other, own)
            let message = ChatMessage(
                id: MessageID(rawValue: number), time: StoreFixture.start, sender: from.id, senderName: from.name,
                target: .user(to.id, to.name), text: "word\(number)", nonce: "n\(number)")
            writes.append(.message(message))
        }
        #expect(!probe.store(writes).contains { $0 != true })
        probe.stop()
    }

    private static func group(_ id: Int64, _ name: String, members: Set<AccountID>, invited: [AccountID: AccountID] = [:]) throws -> Group {
        Group(
            id: GroupID(rawValue: id), name: try Name(name), founder: StoreFixture.hans, isOpen: false, created: StoreFixture.start,
            members: members,
            invited: invited)
    }

    private func count(_ sql: String) throws -> Int { try fixture.store.pool.read { try Int.fetchOne($0, sql: sql) ?? -1 } }

    private func begin() throws {
        try fixture.store.pool.write { try AccountRemoval.begin(of: luke.rawValue, Name("luke"), $0) }
    }

    private func work(_ removal: inout AccountRemoval) throws -> Bool {
        try fixture.store.pool.writeWithoutTransaction { try removal.work($0) }
    }

    /// Only his own messages and the data of others are left.
    private func expectRemoved() throws {
        #expect(try count("SELECT count(*) FROM removals") == 0)
        for table in ["members", "invitations", "cursors", "debts", "tokens", "sent", "read_markers"] {
            #expect(try count("SELECT count(*) FROM \(table) WHERE account = 2") == 0, "\(table)")
        }
        #expect(try count("SELECT count(*) FROM read_markers") == 1)
        #expect(try count("SELECT count(*) FROM lockouts") == 0)
        #expect(try count("SELECT count(*) FROM messages WHERE sender <> 2") == 0)
        #expect(try count("SELECT count(*) FROM messages") == 500)
        #expect(try count("SELECT count(*) FROM members") == 2, "those of others")
    }

    @Test func itIsOfNoUseAtOnceAndGoesInBoundedSteps() throws {
        try begin()
        #expect(try fixture.store.findAccount(Name("luke")) == nil)
        #expect(try fixture.store.password(of: luke) == nil)
        #expect(try count("SELECT count(*) FROM tokens") == 0)
        #expect(try count("SELECT count(*) FROM messages") == 2000)
        var removal = AccountRemoval(of: luke.rawValue)
        var (before, steps) = (2000, 0)
        while try work(&removal) {
            let now = try count("SELECT count(*) FROM messages")
            #expect(before - now <= AccountRemoval.step)
            (before, steps) = (now, steps + 1)
        }
        #expect(steps > 2000 / AccountRemoval.step)
        try expectRemoved()
    }

    @Test func oneThatWasCutOffIsFinishedByTheSameCommand() throws {
        try begin()
        var removal = AccountRemoval(of: luke.rawValue)
        for _ in 0..<14 { #expect(try work(&removal)) }
        #expect((501..<2000).contains(try count("SELECT count(*) FROM messages")))
        let book = AccountBook(fixture.store, cost: .cheap)
        try book.add([Name("Luke")], password: "another", at: StoreFixture.start)
        try book.remove(Name("LUKE"))
        try expectRemoved()
        #expect(throws: UserFacingError("There is no account luke.")) { try book.remove(Name("luke")) }
    }

    @Test func oneThatWasCutOffIsFinishedByAServer() async throws {
        try begin()
        let probe = WriterProbe(fixture.store)
        try await eventually { try count("SELECT count(*) FROM removals") == 0 }
        probe.stop()
        try expectRemoved()
    }
}
