import ChatProtocol
import ChatStoreSQLite
import Foundation
import TestSupport
import Testing

/// The memory of an idle session without TLS, logged in and in a group: at most 8 KB.
@Suite("Idle connections", .fewAtATime)
struct IdleMemoryTests {
    /// The most sessions of one account.
    private static let sessions = 16
    private static let accounts = 20
    /// The number of accounts whose sessions exist before the measurement.
    private static let first = 4

    @Test(.disabled(if: Executable.isSanitized, "a sanitizer's own memory")) func anIdleSessionIsSmall() async throws {
        let home = try TemporaryFolder()
        let names = (0..<Self.accounts).map { "user\($0)" }
        let tokens = try Self.makeAccounts(names, in: home["data"])
        let process = try ChattyProcess(
            "serve", "0", "--data", home["data"], "--message-rate", "0", "--metrics", "127.0.0.1:0", home: home)
        let metrics = try await process.diagnostics.expect(#/Metrics on http://127\.0\.0\.1:(\d+)/metrics\n/#).1
        let server = try await ServerProcess(process: process, readyIn: home)
        func page() async throws -> String {
            let client = try SocketClient(port: try #require(UInt16(metrics)))
            try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return try await client.input.end()
        }
        func memory() async throws -> Int {
            try #require(try await page().firstMatch(of: /\nprocess_resident_memory_bytes (\d+)\n/).flatMap { Int($0.1) })
        }
        func sessions(of account: Int) async throws -> [SocketClient] {
            var clients: [SocketClient] = []
            while clients.count < Self.sessions { clients.append(try await server.logIn(names[account], tokens[account])) }
            try clients[0].send("JOIN #jedi\r\n")
            try await clients[0].input.expect("JOIN #jedi")
            return clients
        }
        var all: [SocketClient] = []
        for account in 0..<Self.first { all += try await sessions(of: account) }
        let before = try await memory()
        for account in Self.first..<Self.accounts { all += try await sessions(of: account) }
        let each = (try await memory() - before) / ((Self.accounts - Self.first) * Self.sessions)
        #expect(each < 8192, "\(each) bytes a session")
        let figures = try await page()
        #expect(figures.contains("\nchatty_connections{way=\"irc\",tls=\"false\"} \(all.count)\n"))
        #expect(figures.contains("\nchatty_active_accounts \(Self.accounts)\n"))
        for client in all { client.hangUp() }
        while try await !page().contains("\nchatty_connections{way=\"irc\",tls=\"false\"} 0\n") {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// - Returns: a token for each account: a log-in with it needs no password hashing.
    private static func makeAccounts(_ names: [String], in path: String) throws -> [String] {
        let folder = DataFolder(path)
        try folder.prepare()
        let store = try Store(folder)
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let tokens = try AccountBook(store).addWithTokens(names.map { try Name($0) }, at: now)
        try store.close()
        return tokens
    }
}
