import ChatProtocol
import Foundation
import GRDB
import Testing

@testable import ChatStoreSQLite

@Suite struct ResumeTokenTests {
    private let fixture: StoreFixture
    private static let day: Int64 = 86_400_000
    private let yoda = StoreFixture.yoda

    init() throws { fixture = try StoreFixture() }

    private func time(_ milliseconds: Int64) -> Timestamp { StoreFixture.start.adding(milliseconds: milliseconds) }

    private func newToken(at milliseconds: Int64) throws -> ResumeToken {
        let token = ResumeToken()
        try fixture.store.pool.write { try Store.record(token.grant(to: yoda, at: time(milliseconds)), $0) }
        return token
    }

    private func accepts(_ token: ResumeToken, at milliseconds: Int64) throws -> Bool {
        try fixture.store.findToken(Array(token.hash), of: yoda, at: time(milliseconds)) != nil
    }

    /// A clock set back a little leaves a token valid. One set forward invalidates it until it is right again.
    @Test func oneOutlivesAClockThatIsSet() throws {
        let token = try newToken(at: 0)
        #expect(try accepts(token, at: -Self.day))
        #expect(try !accepts(token, at: 365 * Self.day))
        #expect(try accepts(token, at: 1))
    }

    /// A token made by a clock that was far ahead is invalid once the clock is right, and takes no other token's place.
    @Test func oneFromTheFutureIsNone() throws {
        let ahead = try (1...ResumeToken.perAccount).map { try newToken(at: 365 * Self.day + Int64($0)) }
        #expect(try ahead.allSatisfy { try accepts($0, at: 365 * Self.day + 100) })
        #expect(try !ahead.contains { try accepts($0, at: 0) })
        let right = try (1...ResumeToken.perAccount).map { try newToken(at: Int64($0)) }
        #expect(try right.allSatisfy { try accepts($0, at: 100) })
        #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM tokens") } == ResumeToken.perAccount)
    }

    @Test func aTokenEndsWithItsTimeItsPasswordABlockAndItsAccount() throws {
        let fixture = try StoreFixture()
        let book = AccountBook(fixture.store, cost: .cheap)
        let now = StoreFixture.start
        func newToken() throws -> ResumeToken {
            let token = ResumeToken()
            let passwords = try fixture.store.password(of: StoreFixture.luke)?.generation ?? 0
            try fixture.store.pool.write {
                try Store.record(token.grant(to: StoreFixture.luke, passwordGeneration: passwords, at: now), $0)
            }
            #expect(try fixture.store.findToken(Array(token.hash), of: StoreFixture.luke, at: now) == passwords)
            return token
        }
        let token = try newToken()
        let end = Int64(ResumeToken.seconds) * 1000
        #expect(try fixture.store.findToken(Array(token.hash), of: StoreFixture.luke, at: now.adding(milliseconds: end - 1)) != nil)
        #expect(try fixture.store.findToken(Array(token.hash), of: StoreFixture.luke, at: now.adding(milliseconds: end)) == nil)
        #expect(try fixture.store.findToken(Array(token.hash), of: StoreFixture.hans, at: now) == nil, "it is one account's")
        for change in [
            { try book.setPassword(of: Name("luke"), to: "new") }, { try book.setBlocked(Name("luke"), true) },
            { try book.remove(Name("luke")) },
        ] {
            let token = try newToken()
            try change()
            #expect(try fixture.store.findToken(Array(token.hash), of: StoreFixture.luke, at: now) == nil)
            #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM tokens") } == 0)
            // A token requested before the change and stored after it is invalid as well.
            if try fixture.store.password(of: StoreFixture.luke)?.generation == 1 {
                let late = ResumeToken()
                try fixture.store.pool.write { try Store.record(late.grant(to: StoreFixture.luke, passwordGeneration: 0, at: now), $0) }
                #expect(try fixture.store.findToken(Array(late.hash), of: StoreFixture.luke, at: now) == nil)
            }
        }
    }

    @Test func anAccountHasSoManyTokensAndTheOldestGoFirst() throws {
        let fixture = try StoreFixture()
        var tokens: [ResumeToken] = []
        for index in 0..<Int64(ResumeToken.perAccount + 3) {
            tokens.append(ResumeToken())
            let time = StoreFixture.start.adding(milliseconds: index)
            try fixture.store.pool.write { try Store.record(tokens[Int(index)].grant(to: StoreFixture.yoda, at: time), $0) }
        }
        let good = try tokens.map { try fixture.store.findToken(Array($0.hash), of: StoreFixture.yoda, at: StoreFixture.start) != nil }
        #expect(good == Array(repeating: false, count: 3) + Array(repeating: true, count: ResumeToken.perAccount))
    }
}
