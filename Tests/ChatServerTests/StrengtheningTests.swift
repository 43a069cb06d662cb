import ChatHub
import ChatProtocol
import ChatStore
import Foundation
import GRDB
import NIOCore
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// Passwords and tokens over the life of an account.
@Suite struct StrengtheningTests {
    private static let raised = PasswordHash.Cost(log2Rounds: 2, blockSize: 8, parallelism: 1)

    private static func phc(_ server: RunningServer, _ name: String) throws -> String {
        try server.server.store.pool.read { db in
            try String.fetchOne(db, sql: "SELECT phc FROM accounts WHERE folded = ?", arguments: [name]) ?? ""
        }
    }

    /// A raised cost applies to an account from its next log-in on. Its tokens stay valid.
    @Test func aLogInHashesAnewAtTodaysCost() async throws {
        let first = try await RunningServer()
        let yoda = try await first.logIn("yoda", capabilities: "sasl standard-replies")
        try await yoda.send("TOKEN\r\n")
        try await yoda.expect("RESUME_TOKEN ")
        let token = try await yoda.expect(" ")
        try await first.server.stop()
        try await RunningServer.use(in: first.temporary, .init { $0.hashCost = Self.raised }) { server in
            #expect(try Self.phc(server, "yoda").hasPrefix("$scrypt$ln=1,r=8,p=1$"))
            // A wrong password and a token do not change the hash.
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

    /// A full queue is reported at once. Neither chats nor log-ins by token wait for it.
    @Test func aFullQueueOfPasswordsIsToldAndHoldsNobodyUp() async throws {
        let change = RunningServer.Change {
            $0.rules.concealsUserNames = true
            // A name without account costs as much as a new password.
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

    /// While names are concealed, a name without account gets the same answers as one with.
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
