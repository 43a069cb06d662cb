import ChatProtocol
import Foundation
import GRDB
import Testing

@testable import ChatServer

@Suite struct ResumeTokenTests {
    private let fixture: StoreFixture
    private static let day: Int64 = 86_400_000
    private let yoda = StoreFixture.yoda

    init() throws { fixture = try StoreFixture() }

    private func time(_ milliseconds: Int64) -> Timestamp { StoreFixture.start.adding(milliseconds: milliseconds) }

    private func newToken(at milliseconds: Int64) throws -> ResumeToken {
        let token = ResumeToken()
        try fixture.store.pool.write { try Store.keep(token.grant(to: yoda, at: time(milliseconds)), $0) }
        return token
    }

    private func accepts(_ token: ResumeToken, at milliseconds: Int64) throws -> Bool {
        try fixture.store.accepts(token, of: yoda, at: time(milliseconds)) != nil
    }

    /// Set back a little, a clock costs nobody the password; set forward it does, until it is right again.
    @Test func oneOutlivesAClockThatIsSet() throws {
        let token = try newToken(at: 0)
        #expect(try accepts(token, at: -Self.day))
        #expect(try !accepts(token, at: 365 * Self.day))
        #expect(try accepts(token, at: 1))
    }

    /// What was given out by a clock that was far ahead is good for no longer than anything else, and takes no other token's place.
    @Test func oneFromTheFutureIsNone() throws {
        let ahead = try (1...ResumeToken.perAccount).map { try newToken(at: 365 * Self.day + Int64($0)) }
        #expect(try ahead.allSatisfy { try accepts($0, at: 365 * Self.day + 100) })
        #expect(try !ahead.contains { try accepts($0, at: 0) })
        let right = try (1...ResumeToken.perAccount).map { try newToken(at: Int64($0)) }
        #expect(try right.allSatisfy { try accepts($0, at: 100) })
        #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM tokens") } == ResumeToken.perAccount)
    }
}
