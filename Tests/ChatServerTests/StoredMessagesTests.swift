import Foundation
import GRDB
import TestSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

/// The database that a server leaves.
@Suite struct StoredMessagesTests {
    @Test func aServerTakesAwayWhatIsOld() async throws {
        let first = try await RunningServer()
        let yoda = try await first.logIn("yoda")
        try await yoda.send("PRIVMSG luke :long ago\r\nPRIVMSG luke :today\r\n")
        try await yoda.expect("PRIVMSG luke :today\r\n")
        try await first.server.store.pool.write { db in
            try db.execute(
                sql: "UPDATE messages SET id = id - (?1 << 21), time = time - ?1 WHERE text = 'long ago'", arguments: [3 * 86_400_000])
        }
        try await first.server.stop()
        try await RunningServer.use(in: first.temporary, .init { $0.keepDays = 2 }) { server in
            try await eventually { try server.server.store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM messages") } == 1 }
            let luke = try await server.logIn("luke")
            try await luke.expect("PRIVMSG luke :today\r\n")
        }
    }

    /// A copy of the one file of a stopped server is a complete copy.
    @Test func aStoppedServerLeavesOneFile() async throws {
        let running = try await RunningServer()
        let yoda = try await running.logIn("yoda")
        try await yoda.send("PRIVMSG luke :in the one file\r\n")
        try await yoda.expect("PRIVMSG luke :in the one file\r\n")
        let luke = try await running.logIn("luke")
        try await luke.expect("PRIVMSG luke :in the one file\r\n")
        try await running.server.stop()
        let files = try FileManager.default.contentsOfDirectory(atPath: running.temporary.file("data"))
        #expect(files.filter { $0.hasPrefix("chatty.db") } == ["chatty.db"])
        let copy = try DatabaseQueue(path: running.temporary.file("data/chatty.db"))
        #expect(try await copy.read { try String.fetchOne($0, sql: "SELECT text FROM messages") } == "in the one file")
    }

    @Test(arguments: ["a\"\u{301} OR b", "\"\u{301}a", "a\"\"\u{301}\" NEAR(b", "x*\u{301} y", "\u{308} \"\u{308}a\" *"])
    func nothingTypedIsAnErrorOfTheStore(_ typed: String) async throws {
        try await RunningServer.use { server in
            let yoda = try await server.logIn("yoda", capabilities: "sasl batch standard-replies")
            try await yoda.send("SEARCH :\(typed)\r\nPING done\r\n")
            #expect(!(try await yoda.expect("PONG chatty done").contains("FAIL")))
        }
    }
}
