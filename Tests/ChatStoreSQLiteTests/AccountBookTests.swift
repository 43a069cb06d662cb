import ChatProtocol
import ChatStore
import SystemSupport
import Testing

@testable import ChatStoreSQLite

@Suite struct AccountBookTests {
    @Test func accountsAreAddedOnceAndListedByName() throws {
        let fixture = try StoreFixture()
        let book = AccountBook(fixture.store, cost: .cheap)
        try book.add([Name("Ethan")], password: "secret", at: StoreFixture.start)
        #expect(throws: UserFacingError("There is an account ETHAN already.")) {
            try book.add([Name("new"), Name("ETHAN")], password: "secret", at: StoreFixture.start)
        }
        let list = try book.list()
        #expect(list.map(\.name.text) == ["Ethan", "hans", "luke", "Yoda"])
        #expect(list.first?.created == StoreFixture.start)
        #expect(list.first?.lastLogin == nil)
    }

    @Test func anExportIsAllThatIsStoredOfOnePerson() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let (yoda, luke, hans) = (StoreFixture.yoda, StoreFixture.luke, StoreFixture.hans)
        func group(_ id: Int64, _ name: String, _ members: Set<AccountID>, invited: [AccountID: AccountID] = [:]) throws -> Group {
            Group(
                id: GroupID(rawValue: id), name: try Name(name), founder: yoda, isOpen: false, created: StoreFixture.start,
                members: members,
                invited: invited)
        }
        #expect(
            !probe.store([
                .groupCreated(try group(1, "jedi", [yoda, luke])), .groupCreated(try group(2, "sith", [yoda], invited: [luke: yoda])),
                .message(try StoreFixture.message(1, from: luke, "luke", to: .user(hans, Name("hans")), "to \"hans\"")),
                .message(try StoreFixture.message(2, from: hans, "hans", to: .user(yoda, Name("Yoda")), "between others")),
                .message(try StoreFixture.message(3, from: yoda, "Yoda", to: .group(GroupID(rawValue: 1), Name("jedi")), "to all")),
                .readMarker(luke, .user(hans), StoreFixture.start), .readMarker(luke, .group(GroupID(rawValue: 1)), StoreFixture.start),
                .readMarker(hans, .user(luke), StoreFixture.start),
            ]).contains { $0 != true })
        probe.stop()
        try fixture.store.pool.write { try Store.record(ResumeToken().grant(to: luke, at: StoreFixture.start), $0) }
        var lines: [String] = []
        try AccountBook(fixture.store).export(Name("LUKE")) { line in
            lines.append(line)
            return true
        }
        let start = StoreFixture.start
        #expect(
            lines.joined() == """
                {"account":"luke","created":"1970-01-01T00:00:00.000Z","last_login":null,"blocked":false}
                {"group":"jedi"}
                {"invited":"sith"}
                {"read":"#jedi","time":"\(start.iso8601)"}
                {"read":"hans","time":"\(start.iso8601)"}
                {"token":"until","time":"\(start.adding(milliseconds: Int64(ResumeToken.seconds) * 1000).iso8601)"}
                {"id":"0000000000001","time":"\(start.adding(milliseconds: 1).iso8601)","from":"luke","to":"hans","text":"to \\"hans\\""}
                {"id":"0000000000003","time":"\(start.adding(milliseconds: 3).iso8601)","from":"Yoda","to":"#jedi","text":"to all"}

                """)
    }

    @Test func aRemovedAccountTakesItsInboxAndLeavesWhatItSaid() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let (luke, hans) = (StoreFixture.luke, StoreFixture.hans)
        #expect(
            probe.store([
                .message(try StoreFixture.message(1, from: luke, "luke", to: .user(hans, Name("hans")), "to hans")),
                .message(try StoreFixture.message(2, from: hans, "hans", to: .user(luke, Name("luke")), "to luke")),
                .lockOut(.init(name: "luke", failures: 2, blockedUntil: nil, last: StoreFixture.start)),
            ]) == [true, true, true])
        probe.stop()
        let book = AccountBook(fixture.store, cost: .cheap)
        try book.remove(Name("Luke"))
        #expect(throws: UserFacingError("There is no account luke.")) { try book.remove(Name("luke")) }
        #expect(throws: UserFacingError("There is no account luke.")) { try book.setPassword(of: Name("luke"), to: "x") }
        #expect(try fixture.store.findAccount(Name("luke")) == nil)
        #expect(try fixture.store.password(of: luke)?.hash == nil)
        #expect(try fixture.store.loadState().lockOuts.isEmpty)
        #expect(try fixture.store.missed(hans, after: .zero, limit: 9).map(\.senderName.text) == ["luke"])
        try book.add([Name("luke")], password: "new", at: StoreFixture.start)
        let again = try #require(try fixture.store.findAccount(Name("luke")))
        #expect(again.id != luke, "a new account of an old name is another one")
        #expect(try fixture.store.missed(again.id, after: .zero, limit: 9).isEmpty)
    }

    @Test(arguments: ["", "two\nlines", "bell\u{7}", String(repeating: "x", count: 513), ResumeToken().text])
    func whatCannotBeAPasswordIsRefused(
        password: String
    ) throws {
        let fixture = try StoreFixture()
        #expect(throws: UserFacingError.self) { try AccountBook(fixture.store, cost: .cheap).setPassword(of: Name("yoda"), to: password) }
    }
}
