import ChatProtocol
import Foundation
import NIOCore
import Testing

@testable import ChatServer

/// History and read markers as a client of IRCv3 sees them, over sockets, a real store and a restart.
@Suite struct HistoryServiceTests {
    private static let capabilities = "sasl message-tags server-time batch echo-message draft/chathistory draft/read-marker"

    /// The texts of the next batch.
    private static func batch(_ client: RawClient, _ line: String) async throws -> [String] {
        try await client.send(line + "\r\n")
        try await client.expect(" BATCH +")
        let lines = try await client.expect(" BATCH -")
        try await client.expect("\r\n")
        return lines.split(separator: "\r\n").dropFirst().dropLast().map { line in
            line.contains(" CHATHISTORY TARGETS ")
                ? String(line.split(separator: " ")[4]) : line.components(separatedBy: " :").last ?? ""
        }
    }

    @Test func aClientThatFetchesFindsAllAndItsMarkerAgain() async throws {
        let first = try await RunningServer()
        let yoda = try await first.logIn("yoda", capabilities: Self.capabilities)
        try await yoda.send("JOIN #jedi\r\n")
        #expect(try await yoda.expect(" 366 ").contains(":chatty MARKREAD #jedi *\r\n"))
        for number in 1...9 { try await yoda.send("PRIVMSG #jedi :g\(number)\r\n") }
        try await yoda.expect("PRIVMSG #jedi :g9\r\n")
        var times: [String] = []
        var ids: [String] = []
        for number in 1...3 {
            try await yoda.send("PRIVMSG luke :d\(number)\r\n")
            let tags = try await yoda.expect(" :yoda!yoda@chatty PRIVMSG luke :d\(number)\r\n")
            times.append(String(try #require(tags.firstMatch(of: /time=([^ ;]+)/)).1))
            ids.append(String(try #require(tags.firstMatch(of: /msgid=([^ ;]+)/)).1))
        }
        let luke = try await first.logIn("luke", capabilities: Self.capabilities)
        try await luke.send("MARKREAD yoda timestamp=\(times[1])\r\n")
        try await luke.expect(":chatty MARKREAD yoda timestamp=\(times[1])\r\n")
        #expect(!luke.unread.contains("PRIVMSG"), "nothing is replayed to who fetches")
        try await first.server.stop()
        _ = try await luke.end()

        try await RunningServer.use(in: first.temporary) { server in
            let again = try await server.logIn("luke", capabilities: Self.capabilities)
            try await again.send("MARKREAD yoda\r\n")
            try await again.expect(":chatty MARKREAD yoda timestamp=\(times[1])\r\n")
            #expect(try await Self.batch(again, "CHATHISTORY LATEST yoda timestamp=\(times[1]) 50").allSatisfy { $0 == "d3" })
            #expect(try await Self.batch(again, "CHATHISTORY LATEST yoda msgid=\(ids[0]) 50") == ["d2", "d3"])
            #expect(try await Self.batch(again, "CHATHISTORY AROUND yoda msgid=\(ids[1]) 3") == ["d1", "d2", "d3"])
            let span = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 50"
            #expect(try await Self.batch(again, "CHATHISTORY TARGETS \(span)") == ["yoda"])
            let yoda = try await server.logIn("yoda", capabilities: Self.capabilities)
            #expect(try await Self.batch(yoda, "CHATHISTORY TARGETS \(span)") == ["#jedi", "luke"])
            #expect(try await Self.batch(yoda, "CHATHISTORY LATEST #jedi * 3") == ["g7", "g8", "g9"])
            // Messages before the account joined are not shown.
            try await again.send("JOIN #jedi\r\n")
            try await again.expect(" 366 ")
            #expect(try await Self.batch(again, "CHATHISTORY LATEST #jedi * 50") == [])
            try await again.send("CHATHISTORY LATEST #sith * 5\r\n")
            try await again.expect(":chatty FAIL CHATHISTORY INVALID_TARGET LATEST #sith :")
            // An ordinary client of the same account gets what no session has received.
            let plain = try await server.logIn("luke")
            try await plain.expect("PRIVMSG luke :d3\r\n")
        }
    }
}
