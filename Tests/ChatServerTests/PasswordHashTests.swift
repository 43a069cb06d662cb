import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import ChatServer

@Suite(.longComputation) struct PasswordHashTests {
    /// RFC 7914 §12, the third vector with its hash cut to the 64 bytes allowed here.
    @Test func aKnownHashIsMatched() throws {
        let key = Data([
            0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb, 0xfd, 0xa8, 0xfb, 0xba, 0x90,
            0x4f, 0x8e, 0x3e, 0xa9, 0xb5, 0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2, 0xd5, 0x43, 0x29, 0x55, 0x61, 0x3f, 0x0f, 0xcf, 0x62, 0xd4,
            0x97, 0x05, 0x24, 0x2a, 0x9a, 0xf9, 0xe6, 0x1e, 0x85, 0xdc, 0x0d, 0x65, 0x1e, 0x40, 0xdf, 0xcf, 0x01, 0x7b, 0x45, 0x57, 0x58,
            0x87,
        ])
        func bare(_ data: Data) -> String { data.base64EncodedString().replacingOccurrences(of: "=", with: "") }
        let text = "$scrypt$ln=14,r=8,p=1$\(bare(Data("SodiumChloride".utf8)))$\(bare(key))"
        let hash = try #require(PasswordHash(text))
        #expect(hash.text == text)
        #expect(try hash.matches("pleaseletmein"))
        #expect(try !hash.matches("pleaseletmeout"))
    }

    @Test func newHashesCarryTheStandardCostAndTheirOwnSalt() throws {
        let (one, other) = (try PasswordHash(of: "secret"), try PasswordHash(of: "secret"))
        #expect(one.text.hasPrefix("$scrypt$ln=14,r=8,p=5$"))
        #expect(one.salt != other.salt && one.key != other.key)
        #expect(PasswordHash(one.text) == one)
        #expect(try one.matches("secret"))
    }

    @Test(arguments: [
        "", "secret", "$scrypt$", "$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,r=8$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=40,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=-1,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,r=8,p=5$$AAAAAAAAAAAAAAAAAAAAAAAA", "$scrypt$ln=14,r=8,p=5$AAAAAAAAAAAAAAAAAAAAAA$",
        "$scrypt$ln=14,r=8,p=5$A*AAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
    ]) func whatIsNoHashIsNil(text: String) { #expect(PasswordHash(text) == nil) }

    @Test func theVerifierTellsRightWrongAndGone() throws {
        let fixture = try StoreFixture()
        let phc = try PasswordHash(of: "pass", cost: .cheap).text
        try fixture.store.pool.write { try $0.execute(sql: "UPDATE accounts SET phc = ? WHERE id = 1", arguments: [phc]) }
        let answers = NIOLockedValueBox<[RequestID: Event.Verification]>([:])
        let arrived = DispatchSemaphore(value: 0)
        let pool = FairPool<HashingKey>("hash", .hashing)
        let probe = WriterProbe(fixture.store)
        let note: @Sendable (RequestID, Event.Verification) -> Void = { requestID, answer in
            answers.withLockedValue { $0[requestID] = answer }
            arrived.signal()
        }
        let verifier = PasswordVerifier(probe.engine, pool, cost: .cheap, answer: note)
        verifier.verify(RequestID(rawValue: 1), account: StoreFixture.yoda, .password("pass"), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 2), account: StoreFixture.yoda, .password("Pass"), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 3), account: nil, .password("pass"), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 4), account: AccountID(rawValue: 99), .password("pass"), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 5), account: nil, .password(String(repeating: "x", count: 10_000)), from: "192.0.2.1")
        for _ in 1...5 { #expect(arrived.wait(timeout: .now() + 20) == .success) }
        let token = ResumeToken()
        try fixture.store.pool.write { try Store.keep(token.grant(to: StoreFixture.yoda, at: EventTime.now.wall), $0) }
        verifier.verify(RequestID(rawValue: 6), account: StoreFixture.yoda, .token(token.text), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 7), account: StoreFixture.luke, .token(token.text), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 8), account: StoreFixture.yoda, .token(ResumeToken().text), from: "192.0.2.1")
        for _ in 6...8 { #expect(arrived.wait(timeout: .now() + 20) == .success) }
        // A new password ends the old one and every token.
        verifier.setPassword(RequestID(rawValue: 1000), of: StoreFixture.yoda, to: "new") { Issue.record("it was not hashed") }
        #expect(
            probe.outcome(of: RequestID(rawValue: 1000))?.entry?.content
                == .accountSet(
                    Account(id: StoreFixture.yoda, name: try Name("Yoda"), passwordGeneration: 1)))
        verifier.verify(RequestID(rawValue: 9), account: StoreFixture.yoda, .token(token.text), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 10), account: StoreFixture.yoda, .password("pass"), from: "192.0.2.1")
        verifier.verify(RequestID(rawValue: 11), account: StoreFixture.yoda, .password("new"), from: "192.0.2.1")
        for _ in 9...11 { #expect(arrived.wait(timeout: .now() + 20) == .success) }
        pool.stop()
        probe.stop()
        let expected: [UInt64: Event.Verification] = [
            1: .right(), 2: .wrong, 3: .wrong, 4: .wrong, 5: .wrong, 6: .right(), 7: .expiredToken, 8: .expiredToken, 9: .expiredToken,
            10: .wrong, 11: .right(generation: 1),
        ]
        let given = answers.withLockedValue { $0 }
        #expect(given.count == expected.count)
        for (number, answer) in expected { #expect(given[RequestID(rawValue: number)] == answer, "\(number)") }
    }

    /// Behind a storm of clients that have all gone again nobody waits, and one address does not keep the others out.
    @Test func whoIsGoneCostsNothingAndAddressesTakeTurns() throws {
        let fixture = try StoreFixture()
        let phc = try PasswordHash(of: "pass", cost: .cheap).text
        try fixture.store.pool.write { try $0.execute(sql: "UPDATE accounts SET phc = ? WHERE id = 1", arguments: [phc]) }
        var limits = PoolLimits.hashing
        limits.threads = 1
        let pool = FairPool<HashingKey>("hash", limits)
        let (began, release, arrived) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        #expect(
            pool.run(key: .address("")) {
                began.signal()
                release.wait()
            })
        #expect(began.wait(timeout: .now() + 20) == .success)
        let probe = WriterProbe(fixture.store)
        let answers = NIOLockedValueBox<[(RequestID, Event.Verification)]>([])
        let verifier = PasswordVerifier(probe.engine, pool, cost: .cheap) { requestID, answer in
            answers.withLockedValue { $0.append((requestID, answer)) }
            arrived.signal()
        }
        for number in 1...4 {
            verifier.verify(RequestID(rawValue: UInt64(number)), account: StoreFixture.yoda, .password("pass"), from: "192.0.2.1")
        }
        verifier.verify(RequestID(rawValue: 5), account: StoreFixture.yoda, .password("pass"), from: "192.0.2.2")
        for number in [1, 3] { verifier.abandon(RequestID(rawValue: UInt64(number))) }
        release.signal()
        for _ in 1...5 { #expect(arrived.wait(timeout: .now() + 20) == .success) }
        // Too late: nothing happens.
        verifier.abandon(RequestID(rawValue: 2))
        pool.stop()
        probe.stop()
        let given = answers.withLockedValue { $0 }
        #expect(given.map(\.0.rawValue) == [1, 5, 2, 3, 4])
        #expect(given.map(\.1) == [.abandoned, .right(), .right(), .abandoned, .right()])
    }
}
