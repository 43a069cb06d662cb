import ChatHub
import ChatProtocol
import Testing

@testable import ChatServer

@Suite struct AccountBookTests {
    @Test func accountsAreAddedOnceAndListedByName() throws {
        let fixture = try StoreFixture()
        let book = AccountBook(fixture.store, cost: .cheap)
        try book.add([Name("Ethan")], password: "secret", at: StoreFixture.start)
        #expect(throws: ServerError("There is an account ETHAN already.")) {
            try book.add([Name("new"), Name("ETHAN")], password: "secret", at: StoreFixture.start)
        }
        let list = try book.list()
        #expect(list.map(\.name.text) == ["Ethan", "hans", "luke", "Yoda"])
        #expect(list.first?.created == StoreFixture.start)
        #expect(list.first?.lastLogin == nil)
    }

    @Test func aRemovedAccountTakesItsInboxAndLeavesWhatItSaid() throws {
        let fixture = try StoreFixture()
        let probe = WriterProbe(fixture.store)
        let (luke, hans) = (StoreFixture.luke, StoreFixture.hans)
        #expect(
            probe.store([
                .message(try StoreFixture.message(1, from: luke, "luke", to: .user(hans, Name("hans")), "to hans")),
                .message(try StoreFixture.message(2, from: hans, "hans", to: .user(luke, Name("luke")), "to luke")),
                .lockOut(name: "luke", failures: 2, blockedUntil: nil),
            ]) == [true, true, true])
        probe.writer.stop()
        let book = AccountBook(fixture.store, cost: .cheap)
        try book.remove(Name("Luke"))
        #expect(throws: ServerError("There is no account luke.")) { try book.remove(Name("luke")) }
        #expect(throws: ServerError("There is no account luke.")) { try book.setPassword(of: Name("luke"), to: "x") }
        #expect(try fixture.store.findAccount(Name("luke")) == nil)
        #expect(try fixture.store.passwordHash(of: luke) == nil)
        #expect(try fixture.store.loadState().lockOuts.isEmpty)
        #expect(try fixture.store.missed(hans, after: .zero, limit: 9).map(\.senderName.text) == ["luke"])
        try book.add([Name("luke")], password: "new", at: StoreFixture.start)
        let again = try #require(try fixture.store.findAccount(Name("luke")))
        #expect(again.id != luke, "a new account of an old name is another one")
        #expect(try fixture.store.missed(again.id, after: .zero, limit: 9).isEmpty)
    }

    @Test(arguments: ["", "two\nlines", "bell\u{7}", String(repeating: "x", count: 513)]) func whatCannotBeAPasswordIsRefused(
        password: String
    ) throws {
        let fixture = try StoreFixture()
        #expect(throws: ServerError.self) { try AccountBook(fixture.store, cost: .cheap).setPassword(of: Name("yoda"), to: password) }
    }
}
