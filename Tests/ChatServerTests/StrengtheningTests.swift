import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOCore
import Testing

@testable import ChatServer

/// Passwords and tokens over the life of an account.
@Suite struct StrengtheningTests {
    private static let raised = PasswordHash.Cost(log2Rounds: 2, blockSize: 8, parallelism: 1)

    private static func phc(_ server: RunningServer, _ name: String) throws -> String {
        try server.server.store.pool.read { db in
            try String.fetchOne(db, sql: "SELECT phc FROM accounts WHERE folded = ?", arguments: [name]) ?? ""
        }
    }

    /// Parameters that were raised are those of an account from its next log-in on; a token it had stays good.
    @Test func aLogInHashesAnewAtTodaysCost() async throws {
        let first = try await RunningServer()
        let yoda = try await first.logIn("yoda", capabilities: "sasl standard-replies")
        try await yoda.send("TOKEN\r\n")
        try await yoda.expect("RESUME_TOKEN ")
        let token = try await yoda.expect(" ")
        try await first.server.stop()
        try await RunningServer.use(in: first.temporary, .init { $0.hashCost = Self.raised }) { server in
            #expect(try Self.phc(server, "yoda").hasPrefix("$scrypt$ln=1,r=8,p=1$"))
            // A wrong password and a token change nothing.
            let guesser = try await RawClient(port: server.port, first: "PASS yoda:wrong\r\nNICK yoda\r\nUSER yoda 0 * :y\r\n")
            _ = try await guesser.end()
            _ = try await server.logIn("yoda", password: token)
            #expect(try Self.phc(server, "yoda").hasPrefix("$scrypt$ln=1,r=8,p=1$"))
            _ = try await server.logIn("yoda")
            try await eventually { try Self.phc(server, "yoda").hasPrefix("$scrypt$ln=2,r=8,p=1$") }
            _ = try await server.logIn("yoda")
            _ = try await server.logIn("yoda", password: token)
            #expect(try Self.phc(server, "luke").hasPrefix("$scrypt$ln=1,r=8,p=1$"))
        }
    }

    @Test(arguments: [(13, 8, 5, true), (14, 8, 4, true), (14, 8, 5, false), (15, 8, 1, true), (17, 8, 1, false), (14, 8, 6, false)])
    func costsAreComparedByWorkAndMemory(rounds: Int, size: Int, parallelism: Int, isBelow: Bool) {
        #expect(PasswordHash.Cost(log2Rounds: rounds, blockSize: size, parallelism: parallelism).isBelow(.standard) == isBelow)
    }

    @Test func aTokenEndsWithItsTimeItsPasswordABlockAndItsAccount() throws {
        let fixture = try StoreFixture()
        let book = AccountBook(fixture.store, cost: .cheap)
        let now = StoreFixture.start
        func newToken() throws -> ResumeToken {
            let token = ResumeToken()
            let passwords = try fixture.store.password(of: StoreFixture.luke)?.generation ?? 0
            try fixture.store.pool.write { try Store.keep(token.grant(to: StoreFixture.luke, passwordGeneration: passwords, at: now), $0) }
            #expect(try fixture.store.accepts(token, of: StoreFixture.luke, at: now) == passwords)
            return token
        }
        let token = try newToken()
        let end = Int64(ResumeToken.seconds) * 1000
        #expect(try fixture.store.accepts(token, of: StoreFixture.luke, at: now.adding(milliseconds: end - 1)) != nil)
        #expect(try fixture.store.accepts(token, of: StoreFixture.luke, at: now.adding(milliseconds: end)) == nil)
        #expect(try fixture.store.accepts(token, of: StoreFixture.hans, at: now) == nil, "it is one account's")
        for change in [
            { try book.setPassword(of: Name("luke"), to: "new") }, { try book.setBlocked(Name("luke"), true) },
            { try book.remove(Name("luke")) },
        ] {
            let token = try newToken()
            try change()
            #expect(try fixture.store.accepts(token, of: StoreFixture.luke, at: now) == nil)
            #expect(try fixture.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM tokens") } == 0)
            // One that was on its way meanwhile is none either.
            if try fixture.store.password(of: StoreFixture.luke)?.generation == 1 {
                let late = ResumeToken()
                try fixture.store.pool.write { try Store.keep(late.grant(to: StoreFixture.luke, passwordGeneration: 0, at: now), $0) }
                #expect(try fixture.store.accepts(late, of: StoreFixture.luke, at: now) == nil)
            }
        }
    }

    @Test func anAccountHasSoManyTokensAndTheOldestGoFirst() throws {
        let fixture = try StoreFixture()
        var tokens: [ResumeToken] = []
        for index in 0..<Int64(ResumeToken.perAccount + 3) {
            tokens.append(ResumeToken())
            let time = StoreFixture.start.adding(milliseconds: index)
            try fixture.store.pool.write { try Store.keep(tokens[Int(index)].grant(to: StoreFixture.yoda, at: time), $0) }
        }
        let good = try tokens.map { try fixture.store.accepts($0, of: StoreFixture.yoda, at: StoreFixture.start) != nil }
        #expect(good == Array(repeating: false, count: 3) + Array(repeating: true, count: ResumeToken.perAccount))
    }

    /// A full queue says so at once, and neither those who chat nor those with a token wait for it.
    @Test func aFullQueueOfPasswordsIsToldAndHoldsNobodyUp() async throws {
        let change = RunningServer.Change {
            $0.rules.concealsUserNames = true
            // A name without account costs what a new password costs.
            $0.hashCost = PasswordHash.Cost(log2Rounds: 15, blockSize: 8, parallelism: 1)
            $0.hashing.threads = 1
            $0.hashing.waiting = 2
        }
        try await RunningServer.use(change) { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl standard-replies echo-message")
            try await yoda.send("TOKEN\r\n")
            try await yoda.expect("RESUME_TOKEN ")
            let token = try await yoda.expect(" ")
            try await eventually { try Self.phc(server, "yoda").hasPrefix("$scrypt$ln=15,") }
            var guessers: [RawClient] = []
            for index in 0..<10 {
                let line = "PASS nobody\(index):guess\r\nNICK g\r\nUSER g 0 * :g\r\n"
                guessers.append(try await RawClient(port: server.port, first: "CAP REQ :sasl\r\n" + line))
            }
            for guesser in guessers { try await guesser.send("CAP END\r\n") }
            _ = try await server.logIn("yoda", password: token)
            try await yoda.send("PRIVMSG luke :meanwhile\r\n")
            try await yoda.expect("PRIVMSG luke :meanwhile\r\n")
            var busy = 0
            for guesser in guessers where try await guesser.end().contains("464 g :The server is busy. Try again.\r\n") { busy += 1 }
            #expect((5...8).contains(busy), "\(busy) of ten")
        }
    }

    /// Where names are concealed, whatever is tried on one that has no account is answered as for one that has.
    @Test func concealedNamesAreAnsweredAlike() async throws {
        try await RunningServer.use(.init { $0.rules.concealsUserNames = true }) { server in
            var answers: [[String]] = []
            for name in ["yoda", "nobody"] {
                let client = try await RawClient(
                    port: server.port, first: "CAP REQ :sasl standard-replies chatty/service\r\nNICK \(name)\r\n")
                try await client.send("USER x 0 * :x\r\n")
                try await client.expect(" ACK ")
                var said: [String] = []
                for password in ["wrong", ResumeToken().text, String(repeating: "x", count: 500), ""] {
                    try await client.send("AUTHENTICATE PLAIN\r\n")
                    try await client.expect("AUTHENTICATE +\r\n")
                    let plain = Data("\0\(name)\0\(password)".utf8).base64EncodedString()
                    var rest = Substring(plain)
                    while !rest.isEmpty {
                        try await client.send("AUTHENTICATE \(rest.prefix(400))\r\n")
                        rest = rest.dropFirst(400)
                    }
                    said.append(try await client.expect(" 904 ").replacing(name, with: "NAME"))
                }
                answers.append(said)
            }
            #expect(answers[0] == answers[1] && answers[0][1].contains("TOKEN_EXPIRED"))
        }
    }
}

/// Waits for what another thread brings about.
func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + RawClient.patience
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw RawClient.Failure.stillOpen("the condition did not come true") }
        // Those that are waited for need the processor.
        try await Task.sleep(for: .milliseconds(5))
    }
}
