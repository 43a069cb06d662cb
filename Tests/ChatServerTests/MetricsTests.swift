import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SystemSupport
import Testing

@testable import ChatServer
@testable import ChatStoreSQLite

@Suite struct MetricsTests {
    static func get(_ server: RunningServer, _ path: String, method: String = "GET") async throws -> (head: String, body: String) {
        let port = try #require(server.server.metricsAddress.flatMap { Int($0.split(separator: ":").last ?? "") })
        let client = try await RawClient(port: port, first: "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try await client.end()
        let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    private static var served: RunningServer.Change { .init { $0.metrics = ("127.0.0.1", 0) } }

    /// The samples of a page. Every line is a comment or a sample of the last introduced metric (Prometheus, text exposition format 0.0.4).
    static func samples(_ text: String) throws -> [String: Double] {
        var found: [String: Double] = [:]
        var (name, kind) = ("", "")
        #expect(text.hasSuffix("\n"))
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if let match = line.wholeMatch(of: /# (HELP|TYPE) ([a-z_]+) (.+)/) {
                if match.1 == "TYPE" { (name, kind) = (String(match.2), String(match.3)) }
                continue
            }
            let match = try #require(line.wholeMatch(of: /([a-z_]+)(\{([a-z]+="[^"]*",?)+\})? ([-+0-9.e]+)/), "\(line)")
            #expect(kind == "histogram" ? match.1.hasPrefix(name + "_") : match.1 == name, "\(line)")
            let key = String(match.1) + (match.2.map(String.init) ?? "")
            #expect(found.updateValue(try #require(Double(match.4)), forKey: key) == nil, "twice: \(key)")
        }
        return found
    }

    /// Counting the descriptors of ten thousand connections takes a while, and delays no event loop.
    @Test func theProcessIsAskedOffTheEventLoops() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let isOnLoop = NIOLockedValueBox<Bool?>(nil)
        let page = MetricsPage(Metrics(), []) {
            isOnLoop.withLockedValue { $0 = MultiThreadedEventLoopGroup.currentEventLoop != nil }
            return ProcessFigures()
        }
        let text = try await page.text(on: group.next()).get()
        #expect(text.contains("process_open_fds ") && isOnLoop.withLockedValue { $0 } == false)
        try await group.shutdownGracefully()
    }

    @Test func whatHappensIsCounted() async throws {
        try await RunningServer.use(Self.served) { server in
            let luke = try await server.logIn("luke", tls: true)
            let hans = try await server.logIn("hans")
            let silent = try await RawClient(port: server.port)
            try await silent.expect("Enter username: ")
            for _ in 1...3 { try await silent.send("yoda\nwrong\n") }
            try await silent.expect("You are blocked due to")
            for number in 1...5 { try await luke.send("PRIVMSG hans :\(number)\r\n") }
            try await hans.expect("PRIVMSG hans :5\r\n")
            let (head, body) = try await Self.get(server, "/metrics")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("text/plain; version=0.0.4"))
            let samples = try Self.samples(body)
            #expect(samples["chatty_connections{way=\"irc\",tls=\"true\"}"] == 1)
            #expect(samples["chatty_connections{way=\"irc\",tls=\"false\"}"] == 1)
            #expect(samples["chatty_connections{way=\"text\",tls=\"false\"}"] == 1)
            #expect(samples["chatty_connections_total"] == 3)
            #expect(samples["chatty_active_accounts"] == 2)
            #expect(samples["chatty_logins_total"] == 2)
            #expect(samples["chatty_failed_logins_total"] == 3)
            #expect(samples["chatty_lockouts_total"] == 1)
            #expect(samples["chatty_messages_total"] == 5)
            #expect(samples["chatty_deliveries_total"] == 5)
            #expect(samples["chatty_queue_depth{queue=\"store\"}"] != nil)
            let count = samples["chatty_commit_seconds_count"]
            #expect(count ?? 0 >= 1 && samples["chatty_commit_seconds_bucket{le=\"+Inf\"}"] == count)
            #expect((samples["chatty_commit_seconds_sum"] ?? 0) > 0)
            #expect((samples["process_resident_memory_bytes"] ?? 0) > 1_048_576)
        }
    }

    @Test func healthIsThatOfTheStore() async throws {
        try await RunningServer.use(Self.served) { server in
            #expect(try await Self.get(server, "/healthz").body == "ok\n")
            let yoda = try await server.logIn("yoda", capabilities: "sasl standard-replies echo-message")
            try await server.server.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
            try await yoda.send("PRIVMSG luke :lost\r\n")
            try await yoda.expect("STORE_FAILED")
            let (head, body) = try await Self.get(server, "/healthz")
            #expect(head.hasPrefix("HTTP/1.1 503 ") && body.hasPrefix("The database cannot be written"))
            try await server.server.store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
            // The recovery is seen without any proposal.
            while try await Self.get(server, "/healthz").head.hasPrefix("HTTP/1.1 503 ") { try await Task.sleep(for: .milliseconds(50)) }
            try await yoda.send("PRIVMSG luke :kept\r\n")
            try await yoda.expect("PRIVMSG luke :kept\r\n")
            #expect(try await Self.get(server, "/healthz").head.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func nothingElseIsAnswered() async throws {
        try await RunningServer.use(Self.served) { server in
            #expect(try await Self.get(server, "/").head.hasPrefix("HTTP/1.1 404 "))
            #expect(try await Self.get(server, "/metrics?x=1").head.hasPrefix("HTTP/1.1 200 "))
            #expect(try await Self.get(server, "/metrics", method: "POST").head.hasPrefix("HTTP/1.1 405 "))
            let head = try await Self.get(server, "/healthz", method: "HEAD")
            #expect(head.head.hasPrefix("HTTP/1.1 200 ") && head.body.isEmpty)
            #expect(try await Self.get(server, "/healthz\0").head.hasPrefix("HTTP/1.1 400 "))
        }
    }

    /// Slow connections, and those beyond the limit, are closed. The chat is not affected.
    @Test func aSlowReaderOfMetricsIsClosed() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await MetricsListener(
            address: "127.0.0.1", port: 0, group, time: .milliseconds(300), MetricsPage(Metrics(), []))
        let idle = try await RawClient(port: listener.port, first: "GET /metr")
        var others: [RawClient] = []
        for _ in 1...MetricsListener.maximumConnections { others.append(try await RawClient(port: listener.port)) }
        #expect(try await idle.end() == "")
        for other in others { #expect(try await other.end() == "") }
        let healthy = try await RawClient(port: listener.port, first: "GET /healthz HTTP/1.0\r\n\r\n")
        #expect(try await healthy.end().hasSuffix("\r\n\r\nok\n"))
        await listener.close()
    }

    @Test func anAddressThatIsNotHereIsOneLine() async throws {
        try await RunningServer.use(Self.served) { server in
            let port = try #require(server.server.metricsAddress.flatMap { Int($0.split(separator: ":").last ?? "") })
            await #expect(
                throws: UserFacingError("Cannot serve metrics on 127.0.0.1 port \(port): it is already in use; choose another")
            ) {
                try await RunningServer { $0.metrics = ("127.0.0.1", port) }
            }
        }
    }

    @Test func bucketsAreCumulative() {
        var histogram = Histogram(bounds: [0.5, 1])
        for value in [0.1, 0.5, 0.7, 3] { histogram.add(value) }
        var page = PrometheusText()
        page.add("x_seconds", "Help.", histogram)
        page.add("y", .gauge, "Odd labels.", [([("a", "q\"b\\c\nd")], 1.5)])
        #expect(
            page.text == """
                # HELP x_seconds Help.
                # TYPE x_seconds histogram
                x_seconds_bucket{le="0.5"} 2
                x_seconds_bucket{le="1"} 3
                x_seconds_bucket{le="+Inf"} 4
                x_seconds_sum 4.3
                x_seconds_count 4
                # HELP y Odd labels.
                # TYPE y gauge
                y{a="q\\"b\\\\c\\nd"} 1.5

                """)
    }
}
