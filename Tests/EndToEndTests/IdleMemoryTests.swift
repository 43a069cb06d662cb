import Foundation
import Testing

/// What a session costs that says nothing: the bar is 8 KB in plain text, logged in and in a group.
@Suite("Idle connections")
struct IdleMemoryTests {
    /// As many sessions as one may have.
    private static let sessions = 16
    private static let accounts = 32
    /// Whose sessions are there before it is measured.
    private static let first = 4

    @Test(.disabled(if: Executable.isSanitized, "a sanitizer's own memory")) func anIdleSessionIsSmall() async throws {
        let home = try TemporaryDirectory()
        let names = (0..<Self.accounts).map { "user\($0)" }
        let credentials = try home.write(names.map { "\($0) wise\n" }.joined(), to: "credentials.txt")
        let process = try ChattyProcess(
            "serve", "0", "--data", home["data"], "--credentials", credentials, "--message-rate", "0", "--metrics", "127.0.0.1:0",
            home: home)
        let metrics = try await process.diagnostics.expect(#/Metrics on http://127\.0\.0\.1:(\d+)/metrics\n/#, within: .seconds(120)).1
        let server = try await ServerProcess(process: process, readyIn: home)
        func page() async throws -> String {
            let client = try SocketClient(port: try #require(UInt16(metrics)))
            try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return try await client.input.end()
        }
        func memory() async throws -> Int {
            try #require(try await page().firstMatch(of: /\nprocess_resident_memory_bytes (\d+)\n/).flatMap { Int($0.1) })
        }
        /// All sessions of an account: the first by its password, and the others by a token, which costs no hashing.
        func sessions(of name: String) async throws -> [SocketClient] {
            let first = try await server.logIn(name, "wise")
            try first.send("JOIN #jedi\r\nTOKEN\r\n")
            let token = try await first.input.expect(#/RESUME_TOKEN (\S+) /#).1
            var clients = [first]
            while clients.count < Self.sessions { clients.append(try await server.logIn(name, String(token))) }
            return clients
        }
        var all: [SocketClient] = []
        for name in names[..<Self.first] { all += try await sessions(of: name) }
        let before = try await memory()
        for name in names[Self.first...] { all += try await sessions(of: name) }
        let each = (try await memory() - before) / ((Self.accounts - Self.first) * Self.sessions)
        #expect(each < 8192, "\(each) bytes a session")
        let figures = try await page()
        #expect(figures.contains("\nchatty_connections{way=\"irc\",tls=\"false\"} \(all.count)\n"))
        #expect(figures.contains("\nchatty_active_accounts \(Self.accounts)\n"))
        for client in all { client.hangUp() }
        while try await !page().contains("\nchatty_connections{way=\"irc\",tls=\"false\"} 0\n") { await Task.yield() }
    }
}
