import Foundation
import Testing

/// What a connection costs that says nothing: the bar is 8 KB in plain text, logged in.
@Suite("Idle connections")
struct IdleMemoryTests {
    private static let connections = 500

    @Test(.disabled(if: Executable.isSanitized, "a sanitizer's own memory")) func anIdleConnectionIsSmall() async throws {
        let home = try await ServerProcess.home()
        let process = try ChattyProcess("serve", "0", "--data", home["data"], "--metrics", "127.0.0.1:0", home: home)
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
        func connect(_ count: Int) async throws -> [SocketClient] {
            var clients: [SocketClient] = []
            for _ in 0..<count {
                let client = try SocketClient(port: server.port)
                try client.send("CAP LS 302\r\nNICK somebody\r\nPING x\r\n")
                try await client.input.expect("PONG")
                clients.append(client)
            }
            return clients
        }
        let first = try await connect(100)
        let before = try await memory()
        let all = first + (try await connect(Self.connections))
        let each = (try await memory() - before) / Self.connections
        #expect(each < 8192, "\(each) bytes a connection")
        #expect(try await page().contains("\nchatty_connections{way=\"irc\",tls=\"false\"} \(all.count)\n"))
        for client in all { client.hangUp() }
        while try await !page().contains("\nchatty_connections{way=\"irc\",tls=\"false\"} 0\n") { await Task.yield() }
    }
}
